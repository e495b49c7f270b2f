// expect: deleted
#include "base/secret_bytes.h"

void Assign(secretfs::SecretBytes& to, secretfs::SecretBytes& from);
void Assign(secretfs::SecretBytes& to, secretfs::SecretBytes& from) {
#ifdef CONTROL
  to = std::move(from);
#else
  to = from;
#endif
}
