#include "crypto/x25519.h"

#include <sodium.h>

#include "crypto/base64.h"
#include "crypto/bech32.h"
#include "crypto/hkdf.h"
#include "crypto/init.h"
#include "crypto/unwrap.h"
#include "crypto/wrap.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kType = "X25519";
constexpr std::string_view kInfo = "age-encryption.org/v1/X25519";
constexpr std::string_view kPrefix = "age";

std::string Spell(ByteView recipient) { return crypto::EncodeBech32(kPrefix, recipient); }

Result<SecretBytes> DeriveWrapKey(const SecretBytes& shared, Bytes share, ByteView recipient) {
  share.insert(share.end(), recipient.begin(), recipient.end());
  return crypto::HkdfSha256(shared.Expose(), share, AsBytes(kInfo));
}

class X25519Recipient final : public Recipient {
 public:
  explicit X25519Recipient(Bytes public_key) : public_key_(std::move(public_key)) {}

  [[nodiscard]] Result<Wrapped> Wrap(const SecretBytes& file_key) const override {
    const auto ephemeral = TRY(MakeEphemeralKey());
    const auto shared = TRY(SharedSecretWith(ephemeral.secret.Expose(), public_key_));
    const auto wrap_key = TRY(DeriveWrapKey(shared, ephemeral.share, public_key_));
    return OneStanza(kType, {crypto::EncodeBase64(ephemeral.share, crypto::Padding::kNone)},
                     SealFileKey(wrap_key, file_key));
  }

  [[nodiscard]] std::string Text() const override { return Spell(public_key_); }

 private:
  Bytes public_key_;
};

class X25519Identity final : public Identity {
 public:
  X25519Identity(SecretBytes secret_key, Bytes recipient)
      : secret_key_(std::move(secret_key)), recipient_(std::move(recipient)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    return UnwrapFirst(stanzas, kType, [this](const Stanza& stanza) { return UnwrapOne(stanza); });
  }

  [[nodiscard]] std::string Describe() const override {
    return std::string(kType) + " " + Spell(recipient_);
  }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override {
    return MakeX25519Recipient(recipient_);
  }

 private:
  [[nodiscard]] Result<SecretBytes> UnwrapOne(const Stanza& stanza) const {
    TRY(RequireArguments(stanza, 1));
    Bytes share = TRY(DecodeArgument(stanza, 0, kX25519Bytes));
    const auto shared = TRY(SharedSecret(stanza, secret_key_.Expose(), share));
    const auto wrap_key = TRY(DeriveWrapKey(shared, std::move(share), recipient_));
    return OpenFileKey(stanza, wrap_key);
  }

  SecretBytes secret_key_;
  Bytes recipient_;
};

}  // namespace

Result<IdentityPtr> MakeX25519Identity(SecretBytes secret_key) {
  TRY(InitCrypto());
  if (secret_key.size() != kX25519Bytes) {
    return Error{Code::kInvalid, "an X25519 secret key is 32 bytes", "", ""};
  }
  Bytes recipient(kX25519Bytes);
  crypto_scalarmult_base(AsUnsigned(ByteSpan(recipient)), AsUnsigned(secret_key.Expose()));
  return IdentityPtr(std::make_shared<X25519Identity>(std::move(secret_key), std::move(recipient)));
}

Result<RecipientPtr> MakeX25519Recipient(ByteView public_key) {
  TRY(InitCrypto());
  if (public_key.size() != kX25519Bytes) {
    return Error{Code::kInvalid, "an X25519 public key is 32 bytes", "", ""};
  }
  return RecipientPtr(
      std::make_shared<X25519Recipient>(Bytes(public_key.begin(), public_key.end())));
}

}  // namespace secretfs::age
