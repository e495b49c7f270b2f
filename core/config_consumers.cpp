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

constexpr const char* kLink = "link";
constexpr const char* kCopy = "copy";

/// The items of a list; a scalar is a list of one.
std::span<const YamlNode> ItemsOf(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kList) return node.items;
  return {&node, 1};
}

/// `what`: "link"
Result<std::string> ReadPath(const Map& map, const YamlNode& node, const std::string& what,
                             const char* example) {
  std::string path = TRY(Scalar(map, node, "a " + what));
  const bool clean = path.starts_with('/') && path.size() < PATH_MAX &&
                     IsEntryName(std::string_view(path).substr(1));
  if (!clean) {
    return map.At(node, what + " " + Quote(path) + " is not an absolute path without '.' and '..'",
                  std::string("as in ") + example);
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

struct Declared {
  const char* what;  // "link"
  const Place* place;
};
/// By their paths, in the order of which they are looked at.
using AllDeclared = std::map<std::string, Declared>;

Status AddPaths(const std::vector<std::string>& paths, Declared one, AllDeclared& all) {
  for (const std::string& path : paths) {
    const auto [at, fresh] = all.emplace(path, one);
    if (fresh) continue;
    const bool same = at->second.what == one.what;
    const std::string again = same ? std::string(" is declared twice")
                                   : std::string(" is declared as a ") + at->second.what + " too";
    return Error{Code::kInvalid, std::string(one.what) + " " + Quote(path) + again,
                 one.place->Text(), "first at " + at->second.place->Text()};
  }
  return Ok{};
}

Status AddAll(const Consumers& consumers, const Place& place, AllDeclared& all) {
  TRY(AddPaths(consumers.links, {kLink, &place}, all));
  return AddPaths(consumers.copies, {kCopy, &place}, all);
}

/// `path` is `folder` or below it.
bool IsIn(std::string_view path, std::string_view folder) {
  return !folder.empty() && path.starts_with(folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

Result<Consumers> Load(const Map& map) {
  Consumers consumers;
  if (const YamlNode* links = map.Find("links")) {
    for (const YamlNode& item : ItemsOf(*links)) {
      consumers.links.push_back(TRY(ReadPath(map, item, kLink, "/etc/ssl/private/server.key")));
    }
  }
  if (const YamlNode* copies = map.Find("copies")) {
    for (const YamlNode& item : ItemsOf(*copies)) {
      consumers.copies.push_back(TRY(ReadPath(map, item, kCopy, "/run/secretfs/plain/server.key")));
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

Status CheckPaths(const Config& config, const std::string& mount_point) {
  AllDeclared all;
  for (const SecretConfig& secret : config.secrets) {
    TRY(AddAll(secret.consumers, secret.place, all));
  }
  for (const ViewConfig& view : config.views) TRY(AddAll(view.consumers, view.place, all));
  for (const auto& [path, declared] : all) {
    const std::string subject = std::string(declared.what) + " " + Quote(path);
    if (IsIn(path, mount_point)) {
      return Error{Code::kInvalid, subject + " is in the mount " + Quote(mount_point),
                   declared.place->Text(), "it can be anywhere else"};
    }
    for (size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const auto above = all.find(path.substr(0, slash));
      if (above == all.end()) continue;
      return Error{Code::kInvalid,
                   subject + " is below " + above->second.what + " " + Quote(above->first),
                   declared.place->Text(), "which is declared at " + above->second.place->Text()};
    }
  }
  return Ok{};
}

}  // namespace secretfs::config_consumers
