// References to secrets in a KV store, version 2, of HashiCorp Vault and OpenBao: PATH#FIELD, as in
// "app/db#password"; without a field it is the only one that the path has. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace secretfs::remote {

struct VaultReference {
  std::string path;   // below the mount of the store
  std::string field;  // "": the only one
};

/// The first '#' ends the path. Errors: kInvalid, with a hint.
Result<VaultReference> ParseVaultReference(std::string_view text);

/// "/v1/MOUNT/KIND/PATH", escaped; `kind`: "data".
std::string VaultUrlPath(std::string_view mount, std::string_view kind, std::string_view path);

/// Why `path` cannot be one of Vault's, as the end of a sentence, or "".
std::string VaultPathProblem(std::string_view path);

}  // namespace secretfs::remote
