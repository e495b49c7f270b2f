#include "crypto/ssh_key.h"
namespace secretfs::age {
Result<IdentityPtr> ParseSshPrivateKey(ByteView) {
  return Error{Code::kUnsupported, "SSH keys", "", ""};
}
}  // namespace secretfs::age
