// Sealed: bytes that only who has the key can read or make, and only as what they were sealed for:
// XChaCha20-Poly1305 (libsodium) with a random nonce. The format is
//   "secretfs sealed 1\n" | nonce of 24 bytes | ciphertext | tag of 16 bytes
// and the first line is authenticated too. Thread-safe.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

inline constexpr size_t kSealedKeyBytes = 32;
/// How much larger what is sealed gets.
inline constexpr size_t kSealedOverhead = 18 + 24 + 16;

/// `meant_for` is what Open() has to be given again; it is not in the result. The key has
/// kSealedKeyBytes. Errors: kResource.
Result<Bytes> Seal(ByteView key, ByteView meant_for, ByteView plain);

/// Errors: kInvalid when it is not of this format; kMac when it was altered, cut, sealed by another
/// key or for something else; kResource.
Result<SecretBytes> Open(ByteView key, ByteView meant_for, ByteView sealed);

}  // namespace secretfs::crypto
