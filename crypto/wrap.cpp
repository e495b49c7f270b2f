#include "crypto/wrap.h"

#include <sodium.h>

#include <array>

#include "crypto/random.h"
#include "crypto/unwrap.h"

namespace secretfs::age {

Result<EphemeralKey> MakeEphemeralKey() {
  EphemeralKey key;
  key.secret = TRY(crypto::RandomSecret(kX25519Bytes));
  key.share.resize(kX25519Bytes);
  crypto_scalarmult_base(AsUnsigned(ByteSpan(key.share)), AsUnsigned(key.secret.Expose()));
  return key;
}

Result<SecretBytes> SharedSecretWith(ByteView scalar, ByteView point) {
  return SecretBytes::Make(kX25519Bytes, [&](ByteSpan out) -> Result<size_t> {
    if (crypto_scalarmult(AsUnsigned(out), AsUnsigned(scalar), AsUnsigned(point)) != 0) {
      return Error{Code::kInvalid, "the recipient is a point of low order", "", ""};
    }
    return kX25519Bytes;
  });
}

Bytes SealFileKey(const SecretBytes& wrap_key, const SecretBytes& file_key) {
  constexpr std::array<unsigned char, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> kNonce{};
  Bytes sealed(file_key.size() + crypto_aead_chacha20poly1305_ietf_ABYTES);
  crypto_aead_chacha20poly1305_ietf_encrypt(
      AsUnsigned(ByteSpan(sealed)), nullptr, AsUnsigned(file_key.Expose()), file_key.size(),
      nullptr, 0, nullptr, kNonce.data(), AsUnsigned(wrap_key.Expose()));
  return sealed;
}

Wrapped OneStanza(std::string_view type, std::vector<std::string> args, Bytes body) {
  return {{{std::string(type), std::move(args), std::move(body)}}, {}};
}

}  // namespace secretfs::age
