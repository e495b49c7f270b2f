#include "crypto/pem_key.h"

#include <utility>

#include "crypto/openssl_ptr.h"
#include "crypto/pkcs8.h"
#include "crypto/ssh_ed25519.h"
#include "crypto/ssh_key.h"
#include "crypto/ssh_rsa.h"

namespace secretfs::age {
namespace {

constexpr size_t kEd25519SeedBytes = 32;

Error Damaged() { return {Code::kInvalid, "the key is damaged", "", ""}; }
Error WrongPassphrase() { return {Code::kNoMatch, "wrong passphrase", "", ""}; }

Result<IdentityPtr> FromPrivateKey(crypto::PrivateKey key) {
  if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA) return MakeSshRsaIdentity(std::move(key));
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) return SshKeyOfOtherAlgorithm();
  const auto seed = TRY(SecretBytes::Make(kEd25519SeedBytes, [&](ByteSpan out) -> Result<size_t> {
    size_t size = out.size();
    if (EVP_PKEY_get_raw_private_key(key.get(), AsUnsigned(out), &size) != 1) return Damaged();
    return size;
  }));
  return MakeSshEd25519Identity(seed.Expose());
}

Result<IdentityPtr> FromPkcs8(const crypto::Pkcs8Info& info) {
  const crypto::OpenSslCalls calls;
  crypto::PrivateKey key(EVP_PKCS82PKEY(info.get()));
  TRY(calls.CheckMemory());
  if (key == nullptr) return SshKeyOfOtherAlgorithm();
  return FromPrivateKey(std::move(key));
}

/// What a lock opens with.
Result<std::vector<IdentityPtr>> One(Result<IdentityPtr> identity) {
  if (!identity) return std::move(identity).error();
  return std::vector<IdentityPtr>{*std::move(identity)};
}

}  // namespace

Result<IdentityPtr> ParsePkcs1(ByteView der) {
  const crypto::OpenSslCalls calls;
  const unsigned char* at = AsUnsigned(der);
  crypto::PrivateKey key(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size())));
  TRY(calls.CheckMemory());
  if (key == nullptr || at != AsUnsigned(der) + der.size()) return Damaged();
  return FromPrivateKey(std::move(key));
}

Result<IdentityPtr> ParsePkcs8(ByteView der) {
  const crypto::OpenSslCalls calls;
  const unsigned char* at = AsUnsigned(der);
  const crypto::Pkcs8Info info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  TRY(calls.CheckMemory());
  if (info == nullptr || at != AsUnsigned(der) + der.size()) return Damaged();
  return FromPkcs8(info);
}

Result<IdentityPtr> ParseLockedPkcs1(SecretBytes ciphertext, PemEncryption encryption,
                                     const SshKeyHelp& help) {
  auto open = [ciphertext = std::make_shared<const SecretBytes>(std::move(ciphertext)),
               encryption = std::move(encryption)](const SecretPtr& passphrase) {
    const auto open_one = [&]() -> Result<IdentityPtr> {
      const auto der = TRY(DecryptPem(encryption, ciphertext->Expose(), passphrase->Expose()));
      auto identity = ParsePkcs1(der.Expose());
      // A wrong passphrase gives noise; one in 256 has the padding of a text.
      if (!identity && identity.error().code == Code::kInvalid) return WrongPassphrase();
      return identity;
    };
    return One(open_one());
  };
  return MakeLockedSshKey({"ssh-rsa"}, help, std::move(open));
}

Result<IdentityPtr> ParseLockedPkcs8(SecretBytes der, const SshKeyHelp& help) {
  const auto locked = std::make_shared<const LockedPkcs8>(
      TRY(LockedPkcs8::Parse(der.Expose(), help.limits.iterations)));
  auto open = [locked](const SecretPtr& passphrase) {
    const auto open_one = [&]() -> Result<IdentityPtr> {
      return FromPkcs8(TRY(locked->Decrypt(passphrase->Expose())));
    };
    return One(open_one());
  };
  return MakeLockedSshKey({"ssh-ed25519", "ssh-rsa"}, help, std::move(open));
}

}  // namespace secretfs::age
