#include "crypto/x25519.h"

#include <sodium.h>

#include "crypto/bech32.h"
#include "crypto/hkdf.h"
#include "crypto/init.h"
#include "crypto/unwrap.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kType = "X25519";
constexpr std::string_view kInfo = "age-encryption.org/v1/X25519";

class X25519Identity final : public Identity {
 public:
  X25519Identity(SecretBytes secret_key, Bytes recipient)
      : secret_key_(std::move(secret_key)), recipient_(std::move(recipient)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    return UnwrapFirst(stanzas, kType, [this](const Stanza& stanza) { return UnwrapOne(stanza); });
  }

  [[nodiscard]] std::string Describe() const override {
    return "X25519 " + crypto::EncodeBech32("age", recipient_);
  }

 private:
  [[nodiscard]] Result<SecretBytes> UnwrapOne(const Stanza& stanza) const {
    TRY(RequireArguments(stanza, 1));
    Bytes salt = TRY(DecodeArgument(stanza, 0, kX25519Bytes));
    const auto shared = TRY(SharedSecret(stanza, secret_key_.Expose(), salt));
    salt.insert(salt.end(), recipient_.begin(), recipient_.end());
    const auto wrap_key = TRY(crypto::HkdfSha256(shared.Expose(), salt, AsBytes(kInfo)));
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

}  // namespace secretfs::age
