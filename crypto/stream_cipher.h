// What reading and writing a payload share (C2SP age.md, "Payload"): the cipher and the nonce of a
// chunk.
#pragma once

#include <array>
#include <cstdint>

#include "crypto/openssl_ptr.h"

namespace secretfs::age {

inline constexpr size_t kPayloadNonceBytes = 16;  // before the first chunk
inline constexpr size_t kChunkBytes = size_t{64} * 1024;
inline constexpr size_t kChunkTagBytes = 16;
inline constexpr size_t kSealedChunkBytes = kChunkBytes + kChunkTagBytes;

enum class ChunkFlag : unsigned char { kMore = 0, kFinal = 1 };

using StreamNonce = std::array<unsigned char, 12>;

/// An 11-byte big-endian counter and the flag. (The upper bytes stay zero: 2^64 chunks never come.)
StreamNonce StreamNonceOf(uint64_t counter, ChunkFlag flag);

/// Null for want of memory. Thread-safe; never freed.
const EVP_CIPHER* ChaCha20Poly1305();

}  // namespace secretfs::age
