#include "crypto/keygen.h"

#include "crypto/bech32.h"
#include "crypto/hybrid.h"
#include "crypto/random.h"
#include "crypto/x25519.h"

namespace secretfs::age {
namespace {

constexpr size_t kSecretBytes = 32;
static_assert(kSecretBytes == kHybridSeedBytes);

/// `make`: SecretBytes -> Result<IdentityPtr>
template <class Make>
Result<NewIdentity> MakeNew(std::string_view prefix, const Make& make) {
  auto secret = TRY(crypto::RandomSecret(kSecretBytes));
  NewIdentity made;
  made.line = TRY(crypto::EncodeSecretBech32(prefix, secret.Expose()));
  const IdentityPtr identity = TRY(make(std::move(secret)));
  made.recipient = TRY(identity->ToRecipient())->Text();
  return made;
}

}  // namespace

Result<NewIdentity> MakeNewX25519Identity() {
  return MakeNew("AGE-SECRET-KEY-", MakeX25519Identity);
}

Result<NewIdentity> MakeNewHybridIdentity() {
  return MakeNew("AGE-SECRET-KEY-PQ-", MakeHybridIdentity);
}

}  // namespace secretfs::age
