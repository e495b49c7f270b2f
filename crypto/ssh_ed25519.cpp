#include "crypto/ssh_ed25519.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "crypto/base64.h"
#include "crypto/hkdf.h"
#include "crypto/init.h"
#include "crypto/ssh_wire.h"
#include "crypto/unwrap.h"
#include "crypto/wrap.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kType = "ssh-ed25519";
constexpr std::string_view kInfo = "age-encryption.org/v1/ssh-ed25519";
constexpr size_t kSeedBytes = crypto_sign_SEEDBYTES;
constexpr size_t kSecretKeyBytes = crypto_sign_SECRETKEYBYTES;

using Ed25519PublicKey = std::array<std::byte, crypto_sign_PUBLICKEYBYTES>;

SshPublicKey ToWire(ByteView ed25519) {
  return SshPublicKey(WireWriter().String(AsBytes(kType)).String(ed25519).bytes());
}

/// A scalar that ties what is derived to the SSH key.
Result<SecretBytes> DeriveTweak(const SshPublicKey& public_key) {
  return crypto::HkdfSha256({}, public_key.wire(), AsBytes(kInfo));
}

Result<SecretBytes> DeriveWrapKey(const SecretBytes& shared, Bytes share, ByteView point) {
  share.insert(share.end(), point.begin(), point.end());
  return crypto::HkdfSha256(shared.Expose(), share, AsBytes(kInfo));
}

class SshEd25519Recipient final : public Recipient {
 public:
  SshEd25519Recipient(Bytes point, SecretBytes tweak, SshPublicKey public_key)
      : point_(std::move(point)), tweak_(std::move(tweak)), public_key_(std::move(public_key)) {}

  [[nodiscard]] Result<Wrapped> Wrap(const SecretBytes& file_key) const override {
    const auto ephemeral = TRY(MakeEphemeralKey());
    const auto untied = TRY(SharedSecretWith(ephemeral.secret.Expose(), point_));
    const auto shared = TRY(SharedSecretWith(tweak_.Expose(), untied.Expose()));
    const auto wrap_key = TRY(DeriveWrapKey(shared, ephemeral.share, point_));
    return OneStanza(
        kType, {public_key_.tag(), crypto::EncodeBase64(ephemeral.share, crypto::Padding::kNone)},
        SealFileKey(wrap_key, file_key));
  }

  [[nodiscard]] std::string Text() const override { return public_key_.text(); }

 private:
  Bytes point_;        // the public key on X25519
  SecretBytes tweak_;  // public, but a scalar like a secret one
  SshPublicKey public_key_;
};

class SshEd25519Identity final : public Identity {
 public:
  SshEd25519Identity(SecretBytes scalar, SecretBytes tweak, Bytes point,
                     const Ed25519PublicKey& ed25519)
      : scalar_(std::move(scalar)),
        tweak_(std::move(tweak)),
        point_(std::move(point)),
        ed25519_(ed25519),
        public_key_(ToWire(ed25519)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    return UnwrapFirst(stanzas, kType, [this](const Stanza& stanza) { return UnwrapOne(stanza); });
  }

  [[nodiscard]] std::string Describe() const override {
    return std::string(kType) + " " + public_key_.fingerprint();
  }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override {
    return MakeSshEd25519Recipient(ed25519_);
  }

 private:
  [[nodiscard]] Result<SecretBytes> UnwrapOne(const Stanza& stanza) const {
    TRY(RequireArguments(stanza, 2));
    Bytes share = TRY(DecodeArgument(stanza, 1, kX25519Bytes));
    if (stanza.args[0] != public_key_.tag()) return OtherKey(stanza);
    const auto untied = TRY(SharedSecret(stanza, scalar_.Expose(), share));
    const auto shared = TRY(SharedSecret(stanza, tweak_.Expose(), untied.Expose()));
    const auto wrap_key = TRY(DeriveWrapKey(shared, std::move(share), point_));
    auto file_key = OpenFileKey(stanza, wrap_key);
    if (!file_key && file_key.error().code == Code::kNoMatch) {
      // The tag names this key, so there is nobody else to try.
      return StanzaError(stanza, "it is for this key, but damaged");
    }
    return file_key;
  }

  SecretBytes scalar_;  // the private key on X25519
  SecretBytes tweak_;   // public, but a scalar like the other
  Bytes point_;         // the public key on X25519
  Ed25519PublicKey ed25519_;
  SshPublicKey public_key_;
};

/// The 64-byte secret key and, into `public_key`, the public one.
Result<SecretBytes> ExpandSeed(ByteView seed, Ed25519PublicKey& public_key) {
  if (seed.size() != kSeedBytes) {
    return Error{Code::kInvalid, "an Ed25519 private key is 32 bytes", "", ""};
  }
  return SecretBytes::Make(kSecretKeyBytes, [&](ByteSpan out) -> Result<size_t> {
    crypto_sign_seed_keypair(AsUnsigned(ByteSpan(public_key)), AsUnsigned(out), AsUnsigned(seed));
    return kSecretKeyBytes;
  });
}

Result<IdentityPtr> MakeIdentity(const SecretBytes& secret_key, const Ed25519PublicKey& ed25519) {
  auto scalar = TRY(SecretBytes::Make(kX25519Bytes, [&](ByteSpan out) -> Result<size_t> {
    crypto_sign_ed25519_sk_to_curve25519(AsUnsigned(out), AsUnsigned(secret_key.Expose()));
    return kX25519Bytes;
  }));
  Bytes point(kX25519Bytes);
  crypto_scalarmult_base(AsUnsigned(ByteSpan(point)), AsUnsigned(scalar.Expose()));
  auto tweak = TRY(DeriveTweak(ToWire(ed25519)));
  return IdentityPtr(std::make_shared<SshEd25519Identity>(std::move(scalar), std::move(tweak),
                                                          std::move(point), ed25519));
}

}  // namespace

Result<IdentityPtr> MakeSshEd25519Identity(ByteView seed) {
  TRY(InitCrypto());
  Ed25519PublicKey public_key;
  const auto secret_key = TRY(ExpandSeed(seed, public_key));
  return MakeIdentity(secret_key, public_key);
}

Result<IdentityPtr> MakeSshEd25519Identity(ByteView seed, ByteView public_key) {
  TRY(InitCrypto());
  Ed25519PublicKey expected;
  const auto secret_key = TRY(ExpandSeed(seed, expected));
  if (!std::ranges::equal(expected, public_key)) {
    return Error{Code::kInvalid, "the public key is not the private key's", "", ""};
  }
  return MakeIdentity(secret_key, expected);
}

Result<RecipientPtr> MakeSshEd25519Recipient(ByteView ed25519) {
  TRY(InitCrypto());
  Bytes point(kX25519Bytes);
  if (ed25519.size() != crypto_sign_PUBLICKEYBYTES ||
      crypto_sign_ed25519_pk_to_curve25519(AsUnsigned(ByteSpan(point)), AsUnsigned(ed25519)) != 0) {
    return Error{Code::kInvalid, "a damaged Ed25519 public key", "", ""};
  }
  SshPublicKey public_key = ToWire(ed25519);
  auto tweak = TRY(DeriveTweak(public_key));
  return RecipientPtr(std::make_shared<SshEd25519Recipient>(std::move(point), std::move(tweak),
                                                            std::move(public_key)));
}

}  // namespace secretfs::age
