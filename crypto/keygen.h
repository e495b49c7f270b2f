// New identities, as age-keygen makes them.
#pragma once

#include <string>

#include "base/secret_bytes.h"

namespace secretfs::age {

struct NewIdentity {
  SecretBytes line;       // "AGE-SECRET-KEY-1...", without an end of line
  std::string recipient;  // "age1..."
};

/// Errors: kResource.
Result<NewIdentity> MakeNewX25519Identity();

/// Post-quantum. Errors: kUnsupported in a build without X-Wing, kResource.
Result<NewIdentity> MakeNewHybridIdentity();

}  // namespace secretfs::age
