#include "core/opnix.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>

#include "base/text.h"
#include "core/config_read.h"
#include "core/unit_name.h"

namespace secretfs {
namespace {

using config_read::IsNull;
using config_read::Map;
using config_read::Scalar;
using Variables = std::map<std::string, std::string>;

/// What OpNix gives files of which it is not told.
constexpr const char* kMode = "0600";
constexpr const char* kItself = "opnix-secrets.service";

YamlNode At(const YamlNode& from, YamlNode::Kind kind, std::string text = {}) {
  return {kind, std::move(text), false, from.line, from.column, {}};
}

YamlNode TextAt(const YamlNode& from, std::string text) {
  return At(from, YamlNode::Kind::kScalar, std::move(text));
}

void Put(YamlNode& map, const YamlNode& from, const char* key, YamlNode value) {
  map.items.push_back(TextAt(from, key));
  map.items.push_back(std::move(value));
}

/// A part of the manifest. null is nothing, as it is for OpNix.
const YamlNode* Find(const Map& map, std::string_view key) {
  const YamlNode* node = map.Find(key);
  return node == nullptr || IsNull(*node) ? nullptr : node;
}

Result<bool> Flag(const Map& map, const std::string& key, bool otherwise) {
  const YamlNode* node = Find(map, key);
  return node == nullptr ? otherwise : config_read::Bool(map, *node, Quote(key));
}

Result<std::vector<YamlNode>> Texts(const Map& map, const std::string& key) {
  const YamlNode* node = Find(map, key);
  if (node == nullptr) return std::vector<YamlNode>{};
  if (node->kind != YamlNode::Kind::kList)
    return map.At(*node, Quote(key) + " must be a list of texts", "");
  for (const YamlNode& item : node->items) TRY(Scalar(map, item, "one of " + Quote(key)));
  return node->items;
}

Status ReadVariables(const Map& map, const std::string& key, Variables& variables) {
  const YamlNode* node = Find(map, key);
  if (node == nullptr) return Ok{};
  const Map named = TRY(Map::Of(*node, map.text(), Quote(key)));
  for (const auto& [name, value] : named.pairs()) {
    if (value->kind != YamlNode::Kind::kScalar)
      return named.At(*value, "variable " + Quote(name->text) + " must be a text", "");
    if (value->text.find_first_of("{}") != std::string::npos)
      return named.At(*value, "variable " + Quote(name->text) + " has a brace in its value", "");
    variables[name->text] = value->text;
  }
  return Ok{};
}

/// `caddy` is caddy.service, as for systemctl.
std::string FullUnitName(const std::string& name) {
  return IsUnitName(name) ? name : name + ".service";
}

class OpnixReader {
 public:
  OpnixReader(const ConfigText& text, const OpnixTerms& terms) : text_(text), terms_(terms) {}

  Result<OpnixSecrets> Read(const YamlNode& root) {
    const Map top = TRY(Map::Of(root, text_, "OpNix's secrets"));
    TellUnknown(top, {"secrets", "pathTemplate", "defaults", "systemdIntegration"});
    TRY(ReadVariables(top, "defaults", defaults_));
    if (const YamlNode* node = Find(top, "pathTemplate")) template_ = node;
    TRY(ReadIntegration(top));
    const YamlNode* list = Find(top, "secrets");
    if (list == nullptr || list->kind != YamlNode::Kind::kList) {
      return top.At(list == nullptr ? root : *list, "'secrets' must be a list",
                    "as in {\"secrets\": [{\"path\": ..., \"reference\": \"op://...\"}]}");
    }
    read_.secrets = At(*list, YamlNode::Kind::kMap);
    for (const YamlNode& item : list->items) TRY(ReadSecret(TRY(Map::Of(item, text_, "a secret"))));
    return std::move(read_);
  }

 private:
  void Tell(const Map& map, const YamlNode& node, const std::string& what) {
    read_.warnings.push_back(map.PlaceOf(node).Text() + ": " + what);
  }

  /// OpNix passes over them too.
  void TellUnknown(const Map& map, const std::vector<std::string_view>& known) {
    for (const auto& [key, value] : map.pairs()) {
      if (std::ranges::find(known, key->text) == known.end())
        Tell(map, *key, "unknown key " + Quote(key->text) + " is passed over");
    }
  }

  Status ReadIntegration(const Map& top) {
    const YamlNode* node = Find(top, "systemdIntegration");
    if (node == nullptr) return Ok{};
    const Map map = TRY(Map::Of(*node, text_, "'systemdIntegration'"));
    TellUnknown(map, {"enable", "services", "restartOnChange", "changeDetection", "errorHandling",
                      "polling"});
    acts_ = TRY(Flag(map, "enable", false));
    restarts_ = TRY(Flag(map, "restartOnChange", false));
    if (!TRY(Texts(map, "services")).empty()) {
      Tell(map, *map.Find("services"),
           "these units are started after OpNix; let them have After=secretfs.service themselves");
    }
    TRY(TellFlag(map, "changeDetection", "enable", false,
                 "units are told of changes only, with or without this"));
    TRY(TellFlag(map, "errorHandling", "continueOnError", false,
                 "each secret fails alone, whatever this says"));
    TRY(TellFlag(map, "errorHandling", "rollbackOnFailure", true,
                 "has no counterpart, as it has no effect in OpNix"));
    return TellFlag(map, "polling", "enable", true,
                    "the source is asked again by its own 'refresh'; 'interval' is passed over");
  }

  /// Where `key` of `part` is `value`, which has no counterpart.
  Status TellFlag(const Map& map, const std::string& part, const std::string& key, bool value,
                  const std::string& what) {
    const YamlNode* node = Find(map, part);
    if (node == nullptr) return Ok{};
    const Map inner = TRY(Map::Of(*node, text_, Quote(part)));
    if (TRY(Flag(inner, key, !value)) == value)
      Tell(inner, *inner.Find(key), Quote(part + "." + key) + ": " + what);
    return Ok{};
  }

  Status ReadSecret(const Map& map) {
    TellUnknown(map, {"path", "reference", "kind", "owner", "group", "mode", "symlinks",
                      "variables", "services"});
    const YamlNode* reference = Find(map, "reference");
    if (reference == nullptr) return map.At(map.node(), "a secret has no 'reference'", "");
    TRY(CheckKind(map));
    const YamlNode& from = Find(map, "path") == nullptr ? map.node() : *map.Find("path");
    const std::string path = TRY(PathOf(map));
    YamlNode secret = At(map.node(), YamlNode::Kind::kMap);
    Put(secret, from, "source", TextAt(from, terms_.source));
    Put(secret, *reference, "ref", *reference);
    for (const char* key : {"owner", "group", "mode"}) {
      // "" is what OpNix has for none.
      const YamlNode* value = Find(map, key);
      const bool given = value != nullptr && !value->text.empty();
      if (given) Put(secret, *value, key, *value);
      if (!given && std::string_view(key) == "mode") Put(secret, from, key, TextAt(from, kMode));
    }
    TRY(PutLinks(map, from, path, secret));
    TRY(PutActions(map, secret));
    read_.secrets.items.push_back(TextAt(from, NameOf(path)));
    read_.secrets.items.push_back(std::move(secret));
    return Ok{};
  }

  /// A reference tells by itself whether it is for a field or a file.
  static Status CheckKind(const Map& map) {
    const YamlNode* kind = Find(map, "kind");
    if (kind == nullptr || kind->text == "field" || kind->text == "file" || kind->text.empty())
      return Ok{};
    return map.At(*kind, "unknown kind " + Quote(kind->text), "known: field, file");
  }

  /// Absolute.
  Result<std::string> PathOf(const Map& map) {
    const YamlNode* node = Find(map, "path");
    if (node == nullptr || node->text.empty()) node = template_;
    if (node == nullptr) {
      return map.At(map.node(), "a secret has no 'path', and there is no 'pathTemplate'",
                    "as in \"path\": \"db/password\"");
    }
    Variables variables = defaults_;
    TRY(ReadVariables(map, "variables", variables));
    const std::string pattern = TRY(Scalar(map, *node, "a path"));
    const std::string path = TRY(Substitute(map, *node, pattern, variables));
    if (path.find("..") != std::string::npos)
      return map.At(*node, "path " + Quote(path) + " has '..' in it", "OpNix refuses it too");
    const std::filesystem::path absolute = std::filesystem::path(terms_.output_dir) / path;
    return absolute.lexically_normal().string();
  }

  static Result<std::string> Substitute(const Map& map, const YamlNode& node,
                                        std::string_view pattern, const Variables& variables) {
    std::string text;
    for (;;) {
      const size_t open = pattern.find('{');
      const size_t close = open == pattern.npos ? open : pattern.find('}', open);
      text += pattern.substr(0, close == pattern.npos ? pattern.npos : open);
      if (close == pattern.npos) return text;
      const std::string name(pattern.substr(open + 1, close - open - 1));
      const auto value = variables.find(name);
      if (value == variables.end()) {
        return map.At(node, "variable " + Quote(name) + " of a path has no value",
                      "it has one by 'variables' of the secret or by 'defaults'");
      }
      text += value->second;
      pattern.remove_prefix(close + 1);
    }
  }

  /// What `path` is below `folder`, or nothing.
  static std::optional<std::string> Below(std::string_view path, std::string_view folder) {
    while (folder.ends_with('/')) folder.remove_suffix(1);
    if (folder.empty() || !path.starts_with(folder) || path.size() <= folder.size() + 1)
      return std::nullopt;
    if (path[folder.size()] != '/') return std::nullopt;
    return std::string(path.substr(folder.size() + 1));
  }

  [[nodiscard]] std::string NameOf(const std::string& path) const {
    if (const auto name = Below(path, terms_.mount_point)) return *name;
    return Below(path, terms_.output_dir).value_or(path.substr(1));
  }

  Status PutLinks(const Map& map, const YamlNode& from, const std::string& path,
                  YamlNode& secret) const {
    YamlNode links = At(from, YamlNode::Kind::kList);
    if (!Below(path, terms_.mount_point)) links.items.push_back(TextAt(from, path));
    for (YamlNode& link : TRY(Texts(map, "symlinks"))) links.items.push_back(std::move(link));
    if (!links.items.empty()) Put(secret, from, "links", std::move(links));
    return Ok{};
  }

  Status PutActions(const Map& map, YamlNode& secret) {
    const YamlNode* services = Find(map, "services");
    const bool scalar = services != nullptr && services->kind == YamlNode::Kind::kScalar;
    if (services == nullptr || (!scalar && services->items.empty())) return Ok{};
    YamlNode restart = At(*services, YamlNode::Kind::kList);
    YamlNode reload = restart;
    YamlNode signal = At(*services, YamlNode::Kind::kMap);
    if (services->kind == YamlNode::Kind::kList) {
      for (const YamlNode& unit : TRY(Texts(map, "services")))
        (restarts_ ? restart : reload).items.push_back(TextAt(unit, FullUnitName(unit.text)));
    } else {
      const Map named = TRY(Map::Of(*services, text_, "'services'"));
      for (const auto& [unit, terms] : named.pairs())
        TRY(ReadService(*unit, TRY(Map::Of(*terms, text_, Quote(unit->text))), restart, reload,
                        signal));
    }
    if (!acts_) {
      Tell(map, *services,
           "without 'systemdIntegration.enable' OpNix does nothing with 'services', nor do we");
      return Ok{};
    }
    YamlNode actions = At(*services, YamlNode::Kind::kMap);
    if (!restart.items.empty()) Put(actions, *services, "restart", std::move(restart));
    if (!reload.items.empty()) Put(actions, *services, "reload", std::move(reload));
    if (!signal.items.empty()) Put(actions, *services, "signal", std::move(signal));
    Put(secret, *services, "on_change", std::move(actions));
    return Ok{};
  }

  Status ReadService(const YamlNode& unit, const Map& terms, YamlNode& restart, YamlNode& reload,
                     YamlNode& signal) {
    TellUnknown(terms, {"restart", "signal", "after"});
    for (const YamlNode& other : TRY(Texts(terms, "after"))) {
      if (other.text == kItself) continue;
      Tell(terms, other,
           "the order of units is for the units; let " + Quote(FullUnitName(unit.text)) +
               " have After=" + Printable(other.text) + " itself");
    }
    YamlNode name = TextAt(unit, FullUnitName(unit.text));
    const YamlNode* number = Find(terms, "signal");
    const bool restarts = TRY(Flag(terms, "restart", restarts_));
    if (number != nullptr && !number->text.empty()) {
      signal.items.push_back(std::move(name));
      signal.items.push_back(*number);
    } else {
      (restarts ? restart : reload).items.push_back(std::move(name));
    }
    return Ok{};
  }

  const ConfigText& text_;
  const OpnixTerms& terms_;
  Variables defaults_;
  const YamlNode* template_ = nullptr;
  bool acts_ = false;
  bool restarts_ = false;
  OpnixSecrets read_;
};

}  // namespace

Result<OpnixSecrets> ReadOpnix(const ConfigText& manifest, const OpnixTerms& terms) {
  const YamlNode root = TRY(ParseYaml(manifest.text, manifest.file));
  return OpnixReader(manifest, terms).Read(root);
}

}  // namespace secretfs
