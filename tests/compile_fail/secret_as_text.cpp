// expect: could not convert|no viable conversion
#include <string>

#include "base/secret_bytes.h"

std::string Text(const secretfs::SecretBytes& secret);
std::string Text(const secretfs::SecretBytes& secret) {
#ifdef CONTROL
  return std::string(secretfs::AsText(secret.Expose()));
#else
  return secret;
#endif
}
