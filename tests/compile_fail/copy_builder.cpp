// expect: deleted
#include "base/secret_bytes.h"

void Build(secretfs::SecretBuilder& builder);
void Build(secretfs::SecretBuilder& builder) {
#ifdef CONTROL
  secretfs::SecretBuilder& other = builder;
#else
  secretfs::SecretBuilder other = builder;
#endif
  other.Append("x");
}
