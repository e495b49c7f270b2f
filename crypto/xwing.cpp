#include "crypto/xwing.h"

#include <sodium.h>

#include <array>
#include <cstdlib>

namespace secretfs::crypto {
namespace {

void RequireSize(ByteView bytes, size_t size) {
  if (bytes.size() != size) std::abort();
}

Error LowOrder() { return {Code::kInvalid, "the X25519 share is a point of low order", "", ""}; }

}  // namespace

std::string XWingLibrary() { return std::string("libsodium ") + sodium_version_string(); }

#ifdef SECRETFS_XWING

static_assert(kXWingSeedBytes == crypto_kem_xwing_SECRETKEYBYTES);
static_assert(kXWingPublicKeyBytes == crypto_kem_xwing_PUBLICKEYBYTES);
static_assert(kXWingCiphertextBytes == crypto_kem_xwing_CIPHERTEXTBYTES);

bool HasXWing() noexcept { return true; }

Result<Bytes> XWingPublicKey(const SecretBytes& seed) {
  RequireSize(seed.Expose(), kXWingSeedBytes);
  Bytes public_key(kXWingPublicKeyBytes);
  // The secret key that it gives is the seed again.
  TRY(SecretBytes::Make(kXWingSeedBytes, [&](ByteSpan out) -> Result<size_t> {
    crypto_kem_xwing_seed_keypair(AsUnsigned(ByteSpan(public_key)), AsUnsigned(out),
                                  AsUnsigned(seed.Expose()));
    return kXWingSeedBytes;
  }));
  return public_key;
}

Result<XWingSecret> XWingEncapsulate(ByteView public_key) {
  RequireSize(public_key, kXWingPublicKeyBytes);
  XWingSecret secret;
  secret.ciphertext.resize(kXWingCiphertextBytes);
  constexpr size_t kSize = crypto_kem_xwing_SHAREDSECRETBYTES;
  secret.shared = TRY(SecretBytes::Make(kSize, [&](ByteSpan out) -> Result<size_t> {
    if (crypto_kem_xwing_enc(AsUnsigned(ByteSpan(secret.ciphertext)), AsUnsigned(out),
                             AsUnsigned(public_key)) != 0) {
      return Error{Code::kInvalid, "the public key is not one of X-Wing", "", ""};
    }
    return kSize;
  }));
  return secret;
}

Result<SecretBytes> XWingDecapsulate(const SecretBytes& seed, ByteView ciphertext) {
  RequireSize(seed.Expose(), kXWingSeedBytes);
  RequireSize(ciphertext, kXWingCiphertextBytes);
  constexpr size_t kSize = crypto_kem_xwing_SHAREDSECRETBYTES;
  return SecretBytes::Make(kSize, [&](ByteSpan out) -> Result<size_t> {
    // ML-KEM itself never fails: what is for another key gives another secret.
    if (crypto_kem_xwing_dec(AsUnsigned(out), AsUnsigned(ciphertext), AsUnsigned(seed.Expose())) !=
        0) {
      return LowOrder();
    }
    return kSize;
  });
}

#else

namespace {

Error Missing() {
  return {Code::kUnsupported, XWingLibrary() + " has no X-Wing", "",
          "build secretfs with libsodium 1.0.22 or newer"};
}

/// Which points are of low order does not hang on the key.
bool IsLowOrder(ByteView point) {
  constexpr std::array<unsigned char, crypto_scalarmult_SCALARBYTES> kAnyScalar{1};
  std::array<unsigned char, crypto_scalarmult_BYTES> product;
  return crypto_scalarmult(product.data(), kAnyScalar.data(), AsUnsigned(point)) != 0;
}

}  // namespace

bool HasXWing() noexcept { return false; }

Result<Bytes> XWingPublicKey(const SecretBytes& /*seed*/) { return Missing(); }

Result<XWingSecret> XWingEncapsulate(ByteView /*public_key*/) { return Missing(); }

Result<SecretBytes> XWingDecapsulate(const SecretBytes& /*seed*/, ByteView ciphertext) {
  RequireSize(ciphertext, kXWingCiphertextBytes);
  constexpr size_t kMlKemCiphertextBytes = 1088;
  if (IsLowOrder(ciphertext.subspan(kMlKemCiphertextBytes))) return LowOrder();
  return Missing();
}

#endif

}  // namespace secretfs::crypto
