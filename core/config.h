// The configuration as plain data, and its strict loader (secretfs.yaml(5)). Pure: texts in, Config
// or the first error out; reading files is the daemon's. Which kinds of source and view exist, and
// what keys they take, comes in as a Vocabulary, so that a new kind needs no change here.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/access.h"
#include "core/consumers.h"

namespace secretfs {

/// Where something stands in a configuration file; line and column count from 1.
struct Place {
  std::string file;
  size_t line = 0;
  size_t column = 0;
  [[nodiscard]] std::string Text() const;  // "config.yaml:12:5"
};

/// What the value of a parameter is, and so how it is read.
enum class ParameterForm {
  kText,
  kPath,       // made absolute against the folder of the file that names it
  kSecretMap,  // a mapping of keys to names of secrets or views
  kTextMap,    // a mapping of keys to texts
  kList,       // texts; one alone is a list of one
  kDuration,   // longer than nothing, up to a week
  kNumber,     // of 1 or more
  kKeyFile,    // a path, made absolute, or credential:NAME
  kFlag,       // true or false
};

struct ParameterSpec {
  std::string key;
  ParameterForm form = ParameterForm::kText;
  bool required = false;
};

/// A kind of provider. `sources: {NAME: {KIND: ...}}` makes a source of it, `secrets: {NAME: {KIND:
/// REF}}` names one secret directly.
struct ProviderSpec {
  std::string kind;
  bool as_source = false;
  /// Of a source; a plain scalar, or a list if that is its form, stands for the first one.
  std::vector<ParameterSpec> parameters{};
  /// The key beside `source:` that says which secret of the source, or empty.
  std::string selector{};
  /// Set: may name one secret directly, and REF has this form.
  std::optional<ParameterForm> direct{};
  /// Its secrets come from a store that may be slow or absent, so that a copy of them is kept for a
  /// start without it, but for those with `offline: deny`.
  bool remote = false;
};

struct ViewSpec {
  std::string format;
  bool takes_source = false;  // needs `source:`, a source of tokens
  std::vector<ParameterSpec> parameters{};
};

struct Vocabulary {
  std::vector<ProviderSpec> providers;
  std::vector<ViewSpec> views;
};

/// A file that holds a key or a passphrase.
struct KeyFile {
  std::string path;        // absolute; or
  std::string credential;  // a file of this name in $CREDENTIALS_DIRECTORY
  Place place;
  /// Wherever it is declared.
  bool operator==(const KeyFile& other) const {
    return path == other.path && credential == other.credential;
  }
};

struct Parameters {
  std::map<std::string, std::string> values;                       // kText, kPath
  std::map<std::string, std::map<std::string, std::string>> maps;  // kSecretMap, kTextMap
  std::map<std::string, std::vector<std::string>> lists;
  std::map<std::string, std::chrono::milliseconds> durations;
  std::map<std::string, uint64_t> numbers;
  std::map<std::string, KeyFile> key_files;
  std::map<std::string, bool> flags;
  /// The value of `key`, or when it is not given "", nothing, false.
  [[nodiscard]] std::string Get(const std::string& key) const;
  [[nodiscard]] std::map<std::string, std::string> Map(const std::string& key) const;
  [[nodiscard]] std::vector<std::string> List(const std::string& key) const;
  [[nodiscard]] std::optional<std::chrono::milliseconds> Duration(const std::string& key) const;
  [[nodiscard]] std::optional<uint64_t> Number(const std::string& key) const;
  [[nodiscard]] std::optional<KeyFile> Key(const std::string& key) const;
  [[nodiscard]] bool Flag(const std::string& key) const;
  [[nodiscard]] bool Has(const std::string& key) const;
  bool operator==(const Parameters&) const = default;
};

struct SourceConfig {
  std::string name;
  std::string kind;
  Parameters parameters;
  Place place;
};

struct SecretConfig {
  std::string name;
  std::string source;  // a source's name; empty: `kind` names it directly
  std::string kind;    // set when `source` is empty
  std::string ref;     // in the provider's own terms; a path is absolute
  Access access;
  Consumers consumers;
  Place place;
  Place ref_place;
  bool deny_offline = false;  // no copy of it is kept for a start without its store
};

struct ViewConfig {
  std::string name;
  std::string format;
  std::string source;  // empty unless the format takes one
  Parameters parameters;
  Access access;
  Consumers consumers;
  Place place;
};

struct IdentityConfig {
  KeyFile file;
  std::optional<KeyFile> passphrase;  // that the identity is under
  bool operator==(const IdentityConfig&) const = default;
};

/// age plugins (secretfs.yaml(5), "plugins").
struct PluginsConfig {
  std::string folder;                         // absolute; no other one is searched
  std::chrono::milliseconds timeout{30'000};  // for one conversation with a plugin
  std::map<std::string, KeyFile> secrets;     // by plugin: what it is given when it asks
  bool operator==(const PluginsConfig&) const = default;
};

struct AuditConfig {
  std::string file;                           // absolute, or empty
  bool journal = false;                       // also to systemd's journal
  bool required = false;                      // who cannot be put on record gets nothing
  uint64_t most_bytes = uint64_t{64} << 20U;  // of the file, before it is put aside
  unsigned keep = 5;                          // files put aside
  bool operator==(const AuditConfig&) const = default;
};

/// Sockets for LoadCredential=ID:SOCKET.
struct CredentialsConfig {
  std::string socket;  // absolute; empty: credentials.sock in $RUNTIME_DIRECTORY, if there is one
  std::vector<std::string> scopes;  // folders of names that have a socket of their own
  bool operator==(const CredentialsConfig&) const = default;
};

/// The copy of remote secrets that is kept, encrypted, for a start without their stores.
struct OfflineConfig {
  KeyFile key;
  std::string folder;  // absolute; empty: the cache folder
  bool operator==(const OfflineConfig&) const = default;
};

struct Config {
  std::vector<IdentityConfig> identities;
  std::optional<PluginsConfig> plugins;
  std::vector<SourceConfig> sources;
  std::vector<SecretConfig> secrets;
  std::vector<ViewConfig> views;
  AuditConfig audit;
  CredentialsConfig credentials;
  std::optional<OfflineConfig> offline;  // none: there is no copy
};

struct ConfigText {
  std::string file;    // for messages
  std::string folder;  // absolute; relative paths in the text start here
  std::string_view text;
};

/// Whose files secrets are when neither they nor `defaults` say.
struct ConfigDefaults {
  Principal owner = Principal::Number(0);
  Principal group = Principal::Number(0);
  std::string mount_point{};  // absolute; nothing may be kept below it; empty: not known
};

/// Merges the texts in their order. Everything may be declared once only, across all of them.
/// Errors: kInvalid with Place::Text() in `where`, and a hint; kTooLarge.
Result<Config> LoadConfig(std::span<const ConfigText> texts, const Vocabulary& vocabulary,
                          const ConfigDefaults& defaults);

}  // namespace secretfs
