// HKDF-SHA-256 (RFC 5869) and HMAC-SHA-256 over libsodium, with every intermediate state in secret
// memory or wiped. libsodium 1.0.18 has no HKDF of its own.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

inline constexpr size_t kSha256Bytes = 32;
using Sha256Digest = std::array<std::byte, kSha256Bytes>;

/// Of public data.
Sha256Digest Sha256(ByteView bytes);

/// `out` is kSha256Bytes long; the parts are hashed one after the other.
void HmacSha256(ByteView key, std::initializer_list<ByteView> parts, ByteSpan out);

/// `size` is at most 255 * 32. Errors: kResource.
Result<SecretBytes> HkdfSha256(ByteView key_material, ByteView salt, ByteView info,
                               size_t size = kSha256Bytes);

}  // namespace secretfs::crypto
