// The post-quantum recipient type, mlkem768x25519 (C2SP age.md, "The hybrid recipient type"): HPKE
// with X-Wing as the KEM, age1pq1... and AGE-SECRET-KEY-PQ-1.... ML-KEM comes from libsodium where
// that has it (crypto_kem_xwing_*, 1.0.22 and newer).
#pragma once

#include "crypto/identity.h"
#include "crypto/recipient.h"

namespace secretfs::age {

inline constexpr size_t kHybridSeedBytes = 32;
inline constexpr size_t kHybridRecipientBytes = 1216;

/// Whether this build can open and make such stanzas.
bool HybridSupported() noexcept;

/// From the 32-byte seed. In a build without X-Wing the identity still refuses malformed stanzas
/// of its type with kHeader, and matches none: kNoMatch that says why. Errors: kInvalid, kResource.
Result<IdentityPtr> MakeHybridIdentity(SecretBytes seed);

/// From the 1216 bytes of the public key. Errors: kInvalid; kUnsupported without X-Wing.
Result<RecipientPtr> MakeHybridRecipient(ByteView public_key);

}  // namespace secretfs::age
