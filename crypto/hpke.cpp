#include "crypto/hpke.h"

#include <sodium.h>

#include <array>

#include "crypto/hkdf.h"

namespace secretfs::crypto {
namespace {

constexpr std::string_view kVersion = "HPKE-v1";
constexpr uint16_t kKdfHkdfSha256 = 0x0001;
constexpr uint16_t kAeadChaCha20Poly1305 = 0x0003;
constexpr std::byte kBaseMode{0x00};
constexpr size_t kKeyBytes = crypto_aead_chacha20poly1305_ietf_KEYBYTES;
constexpr size_t kNonceBytes = crypto_aead_chacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_chacha20poly1305_ietf_ABYTES;

void AppendUint16(Bytes& bytes, uint16_t value) {
  bytes.push_back(static_cast<std::byte>(value >> 8U));
  bytes.push_back(static_cast<std::byte>(value & 0xffU));
}

void Append(Bytes& bytes, ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

/// LabeledExtract and LabeledExpand of one suite (section 4).
class LabeledKdf {
 public:
  explicit LabeledKdf(uint16_t kem_id) {
    Append(suite_id_, AsBytes("HPKE"));
    for (const uint16_t id : {kem_id, kKdfHkdfSha256, kAeadChaCha20Poly1305}) {
      AppendUint16(suite_id_, id);
    }
  }

  /// Of no key material: our suite has neither a pre-shared key nor its name.
  void ExtractNothing(ByteView salt, std::string_view label, ByteSpan out) const {
    Extract(salt, label, {}, out);
  }
  void Extract(ByteView salt, std::string_view label, ByteView key_material, ByteSpan out) const {
    HmacSha256(salt, {AsBytes(kVersion), suite_id_, AsBytes(label), key_material}, out);
  }

  /// `size` is at most that of one hash.
  [[nodiscard]] Result<SecretBytes> Expand(const SecretBytes& pseudorandom_key,
                                           std::string_view label, ByteView info,
                                           size_t size) const {
    Bytes length;
    AppendUint16(length, static_cast<uint16_t>(size));
    constexpr std::array kFirstBlock{std::byte{1}};
    return SecretBytes::Make(kSha256Bytes, [&](ByteSpan out) -> Result<size_t> {
      HmacSha256(pseudorandom_key.Expose(),
                 {length, AsBytes(kVersion), suite_id_, AsBytes(label), info, kFirstBlock}, out);
      Wipe(out.subspan(size));
      return size;
    });
  }

 private:
  Bytes suite_id_;
};

}  // namespace

Result<HpkeKey> HpkeKeySchedule(uint16_t kem_id, const SecretBytes& shared_secret,
                                std::string_view info) {
  const LabeledKdf kdf(kem_id);
  Sha256Digest psk_id_hash;
  Sha256Digest info_hash;
  kdf.ExtractNothing({}, "psk_id_hash", psk_id_hash);
  kdf.Extract({}, "info_hash", AsBytes(info), info_hash);
  Bytes context{kBaseMode};
  Append(context, psk_id_hash);
  Append(context, info_hash);

  const auto secret = TRY(SecretBytes::Make(kSha256Bytes, [&](ByteSpan out) -> Result<size_t> {
    kdf.ExtractNothing(shared_secret.Expose(), "secret", out);
    return kSha256Bytes;
  }));
  HpkeKey key;
  key.key = TRY(kdf.Expand(secret, "key", context, kKeyBytes));
  key.base_nonce = TRY(kdf.Expand(secret, "base_nonce", context, kNonceBytes));
  return key;
}

Bytes HpkeSeal(const HpkeKey& key, const SecretBytes& plaintext) {
  Bytes sealed(plaintext.size() + kTagBytes);
  crypto_aead_chacha20poly1305_ietf_encrypt(
      AsUnsigned(ByteSpan(sealed)), nullptr, AsUnsigned(plaintext.Expose()), plaintext.size(),
      nullptr, 0, nullptr, AsUnsigned(key.base_nonce.Expose()), AsUnsigned(key.key.Expose()));
  return sealed;
}

Result<SecretBytes> HpkeOpen(const HpkeKey& key, ByteView ciphertext) {
  const Error wrong_tag{Code::kNoMatch, "the key does not fit", "", ""};
  if (ciphertext.size() < kTagBytes) return wrong_tag;
  const size_t size = ciphertext.size() - kTagBytes;
  return SecretBytes::Make(size, [&](ByteSpan out) -> Result<size_t> {
    if (crypto_aead_chacha20poly1305_ietf_decrypt(
            AsUnsigned(out), nullptr, nullptr, AsUnsigned(ciphertext), ciphertext.size(), nullptr,
            0, AsUnsigned(key.base_nonce.Expose()), AsUnsigned(key.key.Expose())) != 0) {
      return wrong_tag;
    }
    return size;
  });
}

}  // namespace secretfs::crypto
