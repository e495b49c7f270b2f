// The native identity and recipient, AGE-SECRET-KEY-1 and age1 (C2SP age.md, "The X25519 recipient
// type").
#pragma once

#include "crypto/identity.h"
#include "crypto/recipient.h"

namespace secretfs::age {

/// From the 32 bytes of the secret key. Errors: kInvalid for another length, kResource.
Result<IdentityPtr> MakeX25519Identity(SecretBytes secret_key);

/// From the 32 bytes of the public key. Errors: kInvalid for another length, and from Wrap() for a
/// point of low order, which nobody has the secret key of.
Result<RecipientPtr> MakeX25519Recipient(ByteView public_key);

}  // namespace secretfs::age
