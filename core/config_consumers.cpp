#include "core/config_consumers.h"

#include <algorithm>
#include <climits>
#include <map>
#include <set>
#include <span>

#include "base/text.h"
#include "core/name.h"
#include "core/unit_name.h"

namespace secretfs::config_consumers {
namespace {

using config_read::Map;
using config_read::Scalar;
using Action = OnChange::Action;

/// The items of a list; a scalar is a list of one.
std::span<const YamlNode> ItemsOf(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kList) return node.items;
  return {&node, 1};
}

Result<std::string> ReadLink(const Map& map, const YamlNode& node) {
  std::string path = TRY(Scalar(map, node, "a link"));
  const bool clean = path.starts_with('/') && path.size() < PATH_MAX &&
                     IsEntryName(std::string_view(path).substr(1));
  if (!clean) {
    return map.At(node, "link " + Quote(path) + " is not an absolute path without '.' and '..'",
                  "as in /etc/ssl/private/server.key");
  }
  return path;
}

Status CheckUnit(const Map& map, const YamlNode& node, const std::string& unit, Action action) {
  if (!IsUnitName(unit)) {
    return map.At(node, Quote(unit) + " is not the full name of a unit",
                  "as in 'nginx.service' or 'app@one.service', without patterns");
  }
  using Suffixes = std::vector<std::string>;
  const Suffixes suffixes = action == Action::kSignal
                                ? Suffixes{"service", "socket", "mount", "scope"}
                                : Suffixes{"service", "socket", "mount", "target", "timer", "path"};
  if (std::ranges::find(suffixes, UnitSuffix(unit)) == suffixes.end()) {
    return map.At(node,
                  Quote(unit) + (action == Action::kSignal ? " has no process to signal"
                                                           : " cannot be restarted"),
                  "units of these kinds can: " + Join(suffixes));
  }
  return Ok{};
}

/// What is appended to, with each unit once.
class OnChangeReader {
 public:
  explicit OnChangeReader(const Map& map) : map_(map) {}

  Status Read(const std::string& key, const YamlNode& value) {
    if (key == "signal") return ReadSignals(value);
    const Action action = key == "restart" ? Action::kRestart : Action::kReload;
    for (const YamlNode& item : ItemsOf(value)) {
      std::string unit = TRY(Scalar(map_, item, "a unit"));
      TRY(Add(item, {action, std::move(unit)}));
    }
    return Ok{};
  }
  std::vector<OnChange> Take() { return std::move(actions_); }

 private:
  Status ReadSignals(const YamlNode& value) {
    const Map signals = TRY(Map::Of(value, map_.text(), "'signal'"));
    for (const auto& [unit, name] : signals.pairs()) {
      const std::string written = TRY(Scalar(signals, *name, "a signal"));
      const auto number = SignalNumber(written);
      if (!number) {
        return signals.At(*name, "unknown signal " + Quote(written), "as in SIGHUP or SIGUSR1");
      }
      TRY(Add(*unit, {Action::kSignal, unit->text, *number}));
    }
    return Ok{};
  }
  Status Add(const YamlNode& node, OnChange action) {
    TRY(CheckUnit(map_, node, action.unit, action.action));
    if (!units_.insert(action.unit).second) {
      return map_.At(node, Quote(action.unit) + " is named twice",
                     "a unit is restarted, reloaded or signalled, not two of these");
    }
    actions_.push_back(std::move(action));
    return Ok{};
  }

  const Map& map_;
  std::set<std::string> units_;
  std::vector<OnChange> actions_;
};

/// Path of a link, and where the secret or view stands that has it.
using Declared = std::map<std::string, Place>;

Status AddLinks(const Consumers& consumers, const Place& place, Declared& declared) {
  for (const std::string& link : consumers.links) {
    const auto [at, fresh] = declared.emplace(link, place);
    if (!fresh) {
      return Error{Code::kInvalid, "link " + Quote(link) + " is declared twice", place.Text(),
                   "first at " + at->second.Text()};
    }
  }
  return Ok{};
}

}  // namespace

Result<Consumers> Load(const Map& map) {
  Consumers consumers;
  if (const YamlNode* links = map.Find("links")) {
    for (const YamlNode& item : ItemsOf(*links)) {
      consumers.links.push_back(TRY(ReadLink(map, item)));
    }
  }
  if (const YamlNode* node = map.Find("on_change")) {
    const Map actions = TRY(Map::Of(*node, map.text(), "'on_change'"));
    TRY(actions.OnlyKeys(std::vector<std::string>{"restart", "reload", "signal"}));
    OnChangeReader reader(actions);
    for (const auto& [key, value] : actions.pairs()) TRY(reader.Read(key->text, *value));
    consumers.on_change = reader.Take();
  }
  return consumers;
}

Status CheckLinks(const Config& config) {
  Declared declared;
  for (const SecretConfig& secret : config.secrets) {
    TRY(AddLinks(secret.consumers, secret.place, declared));
  }
  for (const ViewConfig& view : config.views) TRY(AddLinks(view.consumers, view.place, declared));
  for (const auto& [link, place] : declared) {
    for (size_t slash = link.find('/', 1); slash != std::string::npos;
         slash = link.find('/', slash + 1)) {
      const auto above = declared.find(link.substr(0, slash));
      if (above == declared.end()) continue;
      return Error{Code::kInvalid, "link " + Quote(link) + " is below link " + Quote(above->first),
                   place.Text(), "which is declared at " + above->second.Text()};
    }
  }
  return Ok{};
}

}  // namespace secretfs::config_consumers
