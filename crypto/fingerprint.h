// A fingerprint tells whether two values are the same, in this process and in the next one with the
// same key, and nothing else: BLAKE2b under a key of 32 bytes, so that who finds one cannot try
// values out. Thread-safe.
#pragma once

#include <array>

#include "base/bytes.h"

namespace secretfs::crypto {

constexpr size_t kFingerprintKeyBytes = 32;
using FingerprintBytes = std::array<std::byte, 16>;

/// What is fingerprinted: never equal across kinds.
enum class FingerprintOf : unsigned char { kValue, kSource };

/// Of bytes that may be secret: nothing of them stays on the stack.
FingerprintBytes MakeFingerprint(ByteView key, FingerprintOf kind, ByteView bytes) noexcept;

}  // namespace secretfs::crypto
