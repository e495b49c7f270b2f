#include "crypto/keygen.h"

#include "crypto/bech32.h"
#include "crypto/random.h"
#include "crypto/x25519.h"

namespace secretfs::age {
namespace {

constexpr size_t kSecretBytes = 32;

Result<NewIdentity> Spell(std::string_view prefix, const SecretBytes& secret,
                          Result<IdentityPtr> identity) {
  const auto recipient = TRY(TRY(std::move(identity))->ToRecipient());
  NewIdentity made;
  made.line = TRY(crypto::EncodeSecretBech32(prefix, secret.Expose()));
  made.recipient = recipient->Text();
  return made;
}

}  // namespace

Result<NewIdentity> MakeNewX25519Identity() {
  const auto secret = TRY(crypto::RandomSecret(kSecretBytes));
  return Spell("AGE-SECRET-KEY-", secret,
               MakeX25519Identity(TRY(SecretBytes::CopyOf(secret.Expose()))));
}

}  // namespace secretfs::age
