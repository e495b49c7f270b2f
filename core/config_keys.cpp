#include "core/config_keys.h"

#include <algorithm>

#include "base/text.h"
#include "core/name.h"

namespace secretfs::config_keys {
namespace {

using config_read::Map;
using config_read::Scalar;

/// "PATH", or {file: PATH, passphrase: PATH}.
Result<IdentityConfig> ReadIdentity(const Map& top, const YamlNode& node) {
  IdentityConfig identity;
  if (node.kind == YamlNode::Kind::kScalar) {
    identity.file = TRY(config_read::ReadKeyFile(top, node, "an identity"));
    return identity;
  }
  const Map map = TRY(Map::Of(node, top.text(), "an identity"));
  TRY(map.OnlyKeys(std::vector<std::string>{"file", "passphrase"}));
  const YamlNode* file = map.Find("file");
  if (file == nullptr) {
    return map.At(node, "an identity needs a 'file'", "as in {file: PATH, passphrase: PATH}");
  }
  identity.file = TRY(config_read::ReadKeyFile(map, *file, "an identity"));
  if (const YamlNode* passphrase = map.Find("passphrase")) {
    identity.passphrase = TRY(config_read::ReadKeyFile(map, *passphrase, "a passphrase"));
  }
  return identity;
}

/// As in age1NAME1...: lower case, and nothing that a path could be made of.
bool IsPluginName(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' ||
           c == '_';
  };
  return !name.empty() && name.front() != '.' && std::ranges::all_of(name, allowed);
}

Status ReadSecrets(const Map& map, std::map<std::string, KeyFile>& secrets) {
  const YamlNode* node = map.Find("secrets");
  if (node == nullptr) return Ok{};
  const Map named = TRY(Map::Of(*node, map.text(), "'secrets'"));
  for (const auto& [key, value] : named.pairs()) {
    if (!IsPluginName(key->text)) {
      return named.At(*key, Quote(key->text) + " is not the name of a plugin",
                      "as in 'yubikey' for age-plugin-yubikey");
    }
    secrets[key->text] = TRY(config_read::ReadKeyFile(named, *value, "a plugin's secret"));
  }
  return Ok{};
}

/// The least that is worth a file of its own.
constexpr uint64_t kLeastAuditBytes = 4096;
constexpr unsigned kMostAuditFiles = 1000;

Status SetRotation(const Map& map, AuditConfig& audit) {
  for (const std::string key : {"max_size", "keep"}) {
    const YamlNode* node = map.Find(key);
    if (node != nullptr && audit.file.empty()) {
      return map.At(*node, Quote(key) + " is of a file, and 'audit' names none", "");
    }
  }
  if (const YamlNode* size = map.Find("max_size")) {
    audit.most_bytes = TRY(config_read::Size(map, *size, "'max_size'"));
    if (audit.most_bytes < kLeastAuditBytes) {
      return map.At(*size, "an audit file of less than 4KiB holds hardly a line", "");
    }
  }
  if (const YamlNode* keep = map.Find("keep")) {
    audit.keep = TRY(config_read::Count(map, *keep, "'keep'", kMostAuditFiles));
  }
  return Ok{};
}

/// Folders of names. Each has a socket that is called as in .credstore, so no two may be alike
/// there.
Status ReadScopes(const Map& map, std::vector<std::string>& scopes) {
  const YamlNode* list = map.Find("scopes");
  if (list == nullptr) return Ok{};
  if (list->kind != YamlNode::Kind::kList) {
    return map.At(*list, "'scopes' must be a list of folders of names", "as in [db, web/prod]");
  }
  for (const YamlNode& item : list->items) {
    const std::string scope = TRY(Scalar(map, item, "a scope"));
    if (const auto problem = NameProblem(scope)) {
      return map.At(item, "scope " + Quote(scope) + " " + *problem,
                    "a scope is a folder below the mount point");
    }
    const auto same = [&](const std::string& other) { return FlatName(other) == FlatName(scope); };
    if (const auto other = std::ranges::find_if(scopes, same); other != scopes.end()) {
      return map.At(item, "scopes " + Quote(*other) + " and " + Quote(scope) + " have one socket",
                    "keep one of them");
    }
    scopes.push_back(scope);
  }
  return Ok{};
}

}  // namespace

Status AddIdentities(const Map& top, std::vector<IdentityConfig>& identities) {
  const YamlNode* list = top.Find("identities");
  if (list == nullptr) return Ok{};
  if (list->kind != YamlNode::Kind::kList) {
    return top.At(*list, "'identities' must be a list of files", "");
  }
  for (const YamlNode& item : list->items) identities.push_back(TRY(ReadIdentity(top, item)));
  return Ok{};
}

Status SetPlugins(const Map& top, std::optional<PluginsConfig>& plugins) {
  const YamlNode* node = top.Find("plugins");
  if (node == nullptr) return Ok{};
  if (plugins) return top.At(*node, "'plugins' are set twice", "");
  const Map map = TRY(Map::Of(*node, top.text(), "'plugins'"));
  TRY(map.OnlyKeys(std::vector<std::string>{"dir", "timeout", "secrets"}));
  PluginsConfig read;
  read.folder = TRY(map.Path("dir"));
  if (const YamlNode* timeout = map.Find("timeout")) {
    read.timeout = TRY(config_read::Duration(map, *timeout, "'timeout'"));
    if (read.timeout.count() == 0) return map.At(*timeout, "a plugin needs some time", "");
  }
  TRY(ReadSecrets(map, read.secrets));
  plugins = std::move(read);
  return Ok{};
}

Status SetAudit(const Map& top, AuditConfig& audit) {
  const YamlNode* node = top.Find("audit");
  if (node == nullptr) return Ok{};
  if (!audit.file.empty() || audit.journal) return top.At(*node, "'audit' is set twice", "");
  const Map map = TRY(Map::Of(*node, top.text(), "'audit'"));
  TRY(map.OnlyKeys(std::vector<std::string>{"file", "max_size", "keep", "journal", "required"}));
  if (map.Find("file") != nullptr) audit.file = TRY(map.Path("file"));
  if (const YamlNode* journal = map.Find("journal")) {
    audit.journal = TRY(config_read::Bool(map, *journal, "'journal'"));
  }
  if (audit.file.empty() && !audit.journal) {
    return map.At(*node, "'audit' needs a 'file' or a 'journal'",
                  "as in {file: PATH} or {journal: true}");
  }
  TRY(SetRotation(map, audit));
  if (const YamlNode* required = map.Find("required")) {
    audit.required = TRY(config_read::Bool(map, *required, "'required'"));
  }
  return Ok{};
}

Status SetOffline(const Map& top, std::optional<OfflineConfig>& offline) {
  const YamlNode* node = top.Find("offline");
  if (node == nullptr) return Ok{};
  if (offline) return top.At(*node, "'offline' is set twice", "");
  const Map map = TRY(Map::Of(*node, top.text(), "'offline'"));
  TRY(map.OnlyKeys(std::vector<std::string>{"key", "folder"}));
  const YamlNode* key = map.Find("key");
  if (key == nullptr) {
    return map.At(*node, "'offline' needs a 'key'", "as in {key: credential:offline-key}");
  }
  OfflineConfig read;
  read.key = TRY(config_read::ReadKeyFile(map, *key, "a key"));
  if (map.Find("folder") != nullptr) read.folder = TRY(map.Path("folder"));
  offline = std::move(read);
  return Ok{};
}

Status SetCredentials(const Map& top, CredentialsConfig& credentials) {
  const YamlNode* node = top.Find("credentials");
  if (node == nullptr) return Ok{};
  if (credentials != CredentialsConfig{}) return top.At(*node, "'credentials' are set twice", "");
  const Map map = TRY(Map::Of(*node, top.text(), "'credentials'"));
  TRY(map.OnlyKeys(std::vector<std::string>{"socket", "scopes"}));
  if (map.Find("socket") != nullptr) credentials.socket = TRY(map.Path("socket"));
  TRY(ReadScopes(map, credentials.scopes));
  return Ok{};
}

}  // namespace secretfs::config_keys
