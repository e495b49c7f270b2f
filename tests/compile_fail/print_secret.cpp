// expect: deleted
#include <ostream>

#include "base/secret_bytes.h"

void Print(std::ostream& out, const secretfs::SecretBytes& secret);
void Print(std::ostream& out, const secretfs::SecretBytes& secret) {
#ifdef CONTROL
  out << secret.size();
#else
  out << secret;
#endif
}
