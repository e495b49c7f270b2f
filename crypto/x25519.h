// The native identity, AGE-SECRET-KEY-1 (C2SP age.md, "The X25519 recipient type").
#pragma once

#include "crypto/identity.h"

namespace secretfs::age {

/// From the 32 bytes of the secret key. Errors: kInvalid for another length, kResource.
Result<IdentityPtr> MakeX25519Identity(SecretBytes secret_key);

}  // namespace secretfs::age
