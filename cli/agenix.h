// agenix's secrets.nix, evaluated to JSON, as our rules and as the `secrets` of a configuration.
// Pure: texts in, texts out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace secretfs {

struct AgenixFile {
  std::string path;               // relative to secrets.nix
  std::vector<std::string> keys;  // its publicKeys, each once, in their order
  std::optional<bool> armored;    // if it says
  bool operator==(const AgenixFile&) const = default;
};

/// From `nix-instantiate --eval --strict --json secrets.nix`; sorted by path. `name` becomes
/// Error::where. Errors: kInvalid, naming the file and never quoting a key.
Result<std::vector<AgenixFile>> ParseAgenix(std::string_view json, const std::string& name);

/// A rules file. Nix has lost the names of keys and of lists of keys: a key is called by its
/// comment, and a list that several files have gets a name.
std::string AgenixRules(const std::vector<AgenixFile>& files, const std::string& from);

struct AgenixConfig {
  std::string text;
  std::vector<std::string> left_out;  // paths that give no name of a secret
};
/// `secrets:` with the files' names without ".age" and their paths below `folder`.
AgenixConfig AgenixSecrets(const std::vector<AgenixFile>& files, const std::string& folder,
                           const std::string& from);

}  // namespace secretfs
