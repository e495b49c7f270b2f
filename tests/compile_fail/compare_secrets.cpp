// expect: deleted
#include "base/secret_bytes.h"

bool Same(const secretfs::SecretBytes& a, const secretfs::SecretBytes& b);
bool Same(const secretfs::SecretBytes& a, const secretfs::SecretBytes& b) {
#ifdef CONTROL
  return secretfs::ConstantTimeEqual(a.Expose(), b.Expose());
#else
  return a == b;
#endif
}
