#include "crypto/hkdf.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>

namespace secretfs::crypto {
namespace {

constexpr size_t kMostBlocks = 255;

/// Expand (RFC 5869, section 2.3): T(i) = HMAC(PRK, T(i-1) || info || i), written in place.
void Expand(ByteView pseudorandom_key, ByteView info, ByteSpan out) {
  ByteView previous;
  for (size_t block = 1; !out.empty(); ++block) {
    const std::array counter{static_cast<std::byte>(block)};
    ByteSpan current = out.first(kSha256Bytes);
    HmacSha256(pseudorandom_key, {previous, info, counter}, current);
    previous = current;
    out = out.subspan(kSha256Bytes);
  }
}

}  // namespace

Sha256Digest Sha256(ByteView bytes) {
  Sha256Digest digest;
  crypto_hash_sha256(AsUnsigned(ByteSpan(digest)), AsUnsigned(bytes), bytes.size());
  return digest;
}

void HmacSha256(ByteView key, std::initializer_list<ByteView> parts, ByteSpan out) {
  if (out.size() != kSha256Bytes) std::abort();
  crypto_auth_hmacsha256_state state;
  static constexpr unsigned char kNoKey = 0;
  crypto_auth_hmacsha256_init(&state, key.empty() ? &kNoKey : AsUnsigned(key), key.size());
  for (const ByteView part : parts) {
    if (part.empty()) continue;  // libsodium takes no null pointer
    crypto_auth_hmacsha256_update(&state, AsUnsigned(part), part.size());
  }
  crypto_auth_hmacsha256_final(&state, AsUnsigned(out));
  sodium_memzero(&state, sizeof state);
}

Result<SecretBytes> HkdfSha256(ByteView key_material, ByteView salt, ByteView info, size_t size) {
  const size_t blocks = (size + kSha256Bytes - 1) / kSha256Bytes;
  if (blocks > kMostBlocks) std::abort();
  const auto pseudorandom_key =
      TRY(SecretBytes::Make(kSha256Bytes, [&](ByteSpan out) -> Result<size_t> {
        HmacSha256(salt, {key_material}, out);  // Extract; an empty salt is a key of zeros
        return kSha256Bytes;
      }));
  return SecretBytes::Make(blocks * kSha256Bytes, [&](ByteSpan out) -> Result<size_t> {
    Expand(pseudorandom_key.Expose(), info, out);
    Wipe(out.subspan(size));
    return size;
  });
}

}  // namespace secretfs::crypto
