// expect: deleted
#include "base/secret_bytes.h"

secretfs::SecretBytes Twice(const secretfs::SecretBytes& secret);
secretfs::SecretBytes Twice(const secretfs::SecretBytes& secret) {
#ifdef CONTROL
  return *secretfs::SecretBytes::CopyOf(secret.Expose());
#else
  return secret;
#endif
}
