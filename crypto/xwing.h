// X-Wing (draft-connolly-cfrg-xwing-kem), which is ML-KEM-768 and X25519 in one KEM: that of
// libsodium, where the build found one that has it. Thread-safe.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

inline constexpr size_t kXWingSeedBytes = 32;
inline constexpr size_t kXWingPublicKeyBytes = 1216;
inline constexpr size_t kXWingCiphertextBytes = 1120;

bool HasXWing() noexcept;

/// "libsodium 1.0.22", with or without X-Wing.
std::string XWingLibrary();

/// Errors: kUnsupported without X-Wing.
Result<Bytes> XWingPublicKey(const SecretBytes& seed);

struct XWingSecret {
  SecretBytes shared;
  Bytes ciphertext;
};
/// A new shared secret for the key's owner. Errors: kInvalid when the key is none; kUnsupported
/// without X-Wing; kResource.
Result<XWingSecret> XWingEncapsulate(ByteView public_key);

/// The shared secret, which is another one when the ciphertext is for another key. Errors: kInvalid
/// when its X25519 share is a point of low order, which a build without X-Wing sees too;
/// kUnsupported without X-Wing; kResource.
Result<SecretBytes> XWingDecapsulate(const SecretBytes& seed, ByteView ciphertext);

}  // namespace secretfs::crypto
