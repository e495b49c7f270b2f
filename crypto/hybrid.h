// The post-quantum recipient type, mlkem768x25519 (C2SP age.md, "The hybrid recipient type"): HPKE
// with X-Wing as the KEM, age1pq1... and AGE-SECRET-KEY-PQ-1.... ML-KEM comes from libsodium where
// that has it (crypto_kem_xwing_*, 1.0.22 and newer).
#pragma once

#include <string>
#include <string_view>

#include "crypto/identity.h"
#include "crypto/recipient.h"

namespace secretfs::age {

inline constexpr std::string_view kHybridType = "mlkem768x25519";  // of the stanza
inline constexpr size_t kHybridSeedBytes = 32;
inline constexpr size_t kHybridRecipientBytes = 1216;

/// Whether this build can open and make such stanzas.
bool HybridSupported() noexcept;

/// The same in words: "yes (libsodium 1.0.22)", "no (libsodium 1.0.18 has no X-Wing)".
std::string HybridSupport();

/// What helps where it is not supported.
inline constexpr std::string_view kHybridHint =
    "build secretfs with libsodium 1.0.22 or newer, or use the plugin age-plugin-pq";

/// From the 32-byte seed. In a build without X-Wing the identity still refuses malformed stanzas
/// of its type with kHeader, and matches none: kNoMatch that says why. Errors: kInvalid, kResource.
Result<IdentityPtr> MakeHybridIdentity(SecretBytes seed);

/// From the 1216 bytes of the public key. Errors: kInvalid; kUnsupported without X-Wing.
Result<RecipientPtr> MakeHybridRecipient(ByteView public_key);

}  // namespace secretfs::age
