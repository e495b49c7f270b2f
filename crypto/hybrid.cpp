#include "crypto/hybrid.h"

#include "crypto/base64.h"
#include "crypto/bech32.h"
#include "crypto/hpke.h"
#include "crypto/init.h"
#include "crypto/unwrap.h"
#include "crypto/xwing.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kInfo = "age-encryption.org/mlkem768x25519";
constexpr std::string_view kRecipientPrefix = "age1pq";
constexpr std::string_view kLabel = "postquantum";
constexpr uint16_t kKemId = 0x647a;

static_assert(kHybridSeedBytes == crypto::kXWingSeedBytes);
static_assert(kHybridRecipientBytes == crypto::kXWingPublicKeyBytes);

std::string TextOf(ByteView public_key) {
  return crypto::EncodeBech32(kRecipientPrefix, public_key);
}

/// Of 1,959 characters, enough to tell one from another.
std::string Shortened(const std::string& text) {
  constexpr size_t kHead = 15;
  constexpr size_t kTail = 6;
  return text.substr(0, kHead) + "..." + text.substr(text.size() - kTail);
}

class HybridRecipient final : public Recipient {
 public:
  explicit HybridRecipient(Bytes public_key) : public_key_(std::move(public_key)) {}

  [[nodiscard]] Result<Wrapped> Wrap(const SecretBytes& file_key) const override {
    const auto secret = TRY(crypto::XWingEncapsulate(public_key_));
    const auto key = TRY(crypto::HpkeKeySchedule(kKemId, secret.shared, kInfo));
    Stanza stanza;
    stanza.type = kHybridType;
    stanza.args.push_back(crypto::EncodeBase64(secret.ciphertext, crypto::Padding::kNone));
    stanza.body = crypto::HpkeSeal(key, file_key);
    Wrapped wrapped;
    wrapped.stanzas.push_back(std::move(stanza));
    wrapped.labels.emplace_back(kLabel);
    return wrapped;
  }

  [[nodiscard]] std::string Text() const override { return TextOf(public_key_); }

 private:
  Bytes public_key_;
};

class HybridIdentity final : public Identity {
 public:
  /// `public_key` is empty in a build without X-Wing.
  HybridIdentity(SecretBytes seed, Bytes public_key)
      : seed_(std::move(seed)), public_key_(std::move(public_key)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    return UnwrapFirst(stanzas, kHybridType,
                       [this](const Stanza& stanza) { return UnwrapOne(stanza); });
  }

  [[nodiscard]] std::string Describe() const override {
    std::string words(kHybridType);
    if (!public_key_.empty()) words += " " + Shortened(TextOf(public_key_));
    return words;
  }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override {
    return MakeHybridRecipient(public_key_);
  }

 private:
  [[nodiscard]] Result<SecretBytes> UnwrapOne(const Stanza& stanza) const {
    TRY(RequireArguments(stanza, 1));
    const Bytes ciphertext = TRY(DecodeArgument(stanza, 0, crypto::kXWingCiphertextBytes));
    TRY(RequireFileKeyBody(stanza));
    const auto shared = crypto::XWingDecapsulate(seed_, ciphertext);
    if (!shared) return Explain(stanza, shared.error());
    const auto key = TRY(crypto::HpkeKeySchedule(kKemId, *shared, kInfo));
    auto file_key = crypto::HpkeOpen(key, stanza.body);
    if (!file_key && file_key.error().code == Code::kNoMatch) return OtherKey(stanza);
    return file_key;
  }

  static Error Explain(const Stanza& stanza, const Error& error) {
    if (error.code == Code::kInvalid) return StanzaError(stanza, error.what);
    if (error.code == Code::kUnsupported) {
      return {Code::kNoMatch, error.what, std::string(kHybridType), error.hint};
    }
    return error;
  }

  SecretBytes seed_;
  Bytes public_key_;
};

}  // namespace

bool HybridSupported() noexcept { return crypto::HasXWing(); }

std::string HybridSupport() {
  if (HybridSupported()) return "yes (" + crypto::XWingLibrary() + ")";
  return "no (" + crypto::XWingLibrary() + " has no X-Wing)";
}

Result<IdentityPtr> MakeHybridIdentity(SecretBytes seed) {
  TRY(InitCrypto());
  if (seed.size() != kHybridSeedBytes) {
    return Error{Code::kInvalid, "a post-quantum identity is 32 bytes", "", ""};
  }
  Bytes public_key;
  if (HybridSupported()) public_key = TRY(crypto::XWingPublicKey(seed));
  return IdentityPtr(std::make_shared<HybridIdentity>(std::move(seed), std::move(public_key)));
}

Result<RecipientPtr> MakeHybridRecipient(ByteView public_key) {
  TRY(InitCrypto());
  if (!HybridSupported()) {
    return Error{
        Code::kUnsupported,
        "this build has no post-quantum keys: " + crypto::XWingLibrary() + " has no X-Wing", "",
        std::string(kHybridHint)};
  }
  if (public_key.size() != kHybridRecipientBytes) {
    return Error{Code::kInvalid, "a post-quantum recipient is 1216 bytes", "", ""};
  }
  // Whether ML-KEM takes the key is known when it is used.
  TRY(crypto::XWingEncapsulate(public_key));
  return RecipientPtr(
      std::make_shared<HybridRecipient>(Bytes(public_key.begin(), public_key.end())));
}

}  // namespace secretfs::age
