// expect: read-only location|returns a const value
#include "base/secret_bytes.h"

std::byte Touch(const secretfs::SecretBytes& secret);
std::byte Touch(const secretfs::SecretBytes& secret) {
#ifdef CONTROL
  return secret.Expose()[0];
#else
  return secret.Expose()[0] = std::byte{1};
#endif
}
