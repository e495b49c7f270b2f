#include "crypto/fingerprint.h"

#include <sodium.h>

namespace secretfs::crypto {
namespace {

constexpr size_t kStackUsed = 4096;  // by libsodium's compression, which copies blocks there

}  // namespace

FingerprintBytes MakeFingerprint(ByteView key, FingerprintOf kind, ByteView bytes) noexcept {
  FingerprintBytes fingerprint{};
  crypto_generichash_state state;
  const auto tag = static_cast<unsigned char>(kind);
  crypto_generichash_init(&state, AsUnsigned(key), key.size(), fingerprint.size());
  crypto_generichash_update(&state, &tag, 1);
  crypto_generichash_update(&state, AsUnsigned(bytes), bytes.size());
  crypto_generichash_final(&state, AsUnsigned(ByteSpan(fingerprint)), fingerprint.size());
  sodium_memzero(&state, sizeof(state));
  sodium_stackzero(kStackUsed);
  return fingerprint;
}

}  // namespace secretfs::crypto
