// An SSH RSA key as an identity and a recipient (age's agessh package; not in the C2SP
// specification): RSA-OAEP with SHA-256 and a label.
#pragma once

#include "crypto/identity.h"
#include "crypto/openssl_ptr.h"
#include "crypto/recipient.h"

namespace secretfs::age {

/// A private key's numbers, big-endian (PROTOCOL.key's "n e d iqmp p q").
struct RsaNumbers {
  ByteView modulus;
  ByteView public_exponent;
  ByteView private_exponent;
  ByteView coefficient;
  ByteView prime_1;
  ByteView prime_2;
};

/// Errors: kInvalid when the numbers do not belong together, kResource.
Result<crypto::PrivateKey> MakeRsaKey(const RsaNumbers& numbers);

/// Errors: kUnsupported below 1024 or above 16384 bits, kResource.
Result<IdentityPtr> MakeSshRsaIdentity(crypto::PrivateKey key);

/// From the public key's numbers, big-endian. Errors: kUnsupported below 2048 or above 16384 bits,
/// kInvalid for what cannot be a public key, kResource.
Result<RecipientPtr> MakeSshRsaRecipient(ByteView public_exponent, ByteView modulus);

}  // namespace secretfs::age
