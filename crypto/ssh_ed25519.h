// An SSH Ed25519 key as an identity and a recipient (age's agessh package; not in the C2SP
// specification): the key is used on the birationally equivalent curve, X25519, tied to the SSH key
// by a tweak.
#pragma once

#include "crypto/identity.h"
#include "crypto/recipient.h"

namespace secretfs::age {

/// From the private key's 32-byte seed. Errors: kInvalid for another length, or when `public_key`
/// is not the seed's; kResource.
Result<IdentityPtr> MakeSshEd25519Identity(ByteView seed, ByteView public_key);

/// For formats that hold the seed only.
Result<IdentityPtr> MakeSshEd25519Identity(ByteView seed);

/// From the 32 bytes of the public key. Errors: kInvalid for another length, and for what is no
/// point of the curve's prime order; kResource.
Result<RecipientPtr> MakeSshEd25519Recipient(ByteView public_key);

}  // namespace secretfs::age
