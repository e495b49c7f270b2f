#include "crypto/ssh_key.h"

#include <string_view>
#include <utility>

#include "crypto/base64.h"
#include "crypto/init.h"
#include "crypto/openssl_ptr.h"
#include "crypto/ssh_ed25519.h"
#include "crypto/ssh_rsa.h"
#include "crypto/ssh_wire.h"

namespace secretfs::age {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kPemBegin = "-----BEGIN ";
constexpr std::string_view kPemEnd = "-----END ";
constexpr std::string_view kPemDashes = "-----";
constexpr std::string_view kPemSpace = " \t\r\n";
constexpr size_t kEd25519SeedBytes = 32;

Error Invalid(std::string what, std::string hint = {}) {
  return {Code::kInvalid, std::move(what), "", std::move(hint)};
}

Error UnderPassphrase() {
  return {
      Code::kUnsupported, "an SSH key under a passphrase, which cannot be asked for here", "",
      "use a key without one, such as the host's, or remove it from a copy: `ssh-keygen -p -f`"};
}

Error OtherAlgorithm() {
  return {Code::kUnsupported, "an SSH key that age cannot use", "",
          "only Ed25519 and RSA keys can decrypt"};
}

struct Pem {
  std::string_view label;
  std::string_view body;
};

/// The one block that is all of `text`.
Result<Pem> FindPem(std::string_view text) {
  const auto damaged = [] { return Invalid("the PEM block is truncated or damaged"); };
  if (!text.starts_with(kPemBegin)) return damaged();
  text.remove_prefix(kPemBegin.size());
  const size_t label_end = text.find(kPemDashes);
  const size_t line_end = text.find('\n');
  if (label_end == std::string_view::npos || label_end > line_end) return damaged();
  Pem pem{text.substr(0, label_end), {}};
  text.remove_prefix(label_end + kPemDashes.size());
  const size_t body_end = text.find(kPemEnd);
  if (body_end == std::string_view::npos) return damaged();
  pem.body = text.substr(0, body_end);
  text.remove_prefix(body_end + kPemEnd.size());
  if (!text.starts_with(pem.label)) return damaged();
  text.remove_prefix(pem.label.size());
  if (!text.starts_with(kPemDashes)) return damaged();
  text.remove_prefix(kPemDashes.size());
  if (text.find_first_not_of(kPemSpace) != std::string_view::npos) {
    return Invalid("there is text behind the private key", "give every key a file of its own");
  }
  return pem;
}

Result<IdentityPtr> ParseEd25519Fields(WireReader& fields) {
  const ByteView public_key = TRY(fields.String());
  const ByteView seed_and_public = TRY(fields.String());
  if (seed_and_public.size() < kEd25519SeedBytes) return Invalid("the key is truncated or damaged");
  return MakeSshEd25519Identity(seed_and_public.first(kEd25519SeedBytes), public_key);
}

Result<IdentityPtr> ParseRsaFields(WireReader& fields) {
  RsaNumbers numbers;
  numbers.modulus = TRY(fields.Natural());
  numbers.public_exponent = TRY(fields.Natural());
  numbers.private_exponent = TRY(fields.Natural());
  numbers.coefficient = TRY(fields.Natural());
  numbers.prime_1 = TRY(fields.Natural());
  numbers.prime_2 = TRY(fields.Natural());
  return MakeSshRsaIdentity(TRY(MakeRsaKey(numbers)));
}

/// The comment, and padding of 1, 2, 3...
Status CheckEnd(WireReader& fields) {
  TRY(fields.String());
  unsigned expected = 1;
  for (const std::byte byte : fields.rest()) {
    if (byte != static_cast<std::byte>(expected++)) return Invalid("the key's padding is damaged");
  }
  return Ok{};
}

Result<IdentityPtr> ParsePrivateSection(ByteView section) {
  WireReader fields(section);
  const uint32_t check = TRY(fields.Uint32());
  if (check != TRY(fields.Uint32())) return Invalid("the key is damaged");
  const std::string_view type = AsText(TRY(fields.String()));
  if (type != "ssh-ed25519" && type != "ssh-rsa") return OtherAlgorithm();
  auto identity = TRY(type == "ssh-rsa" ? ParseRsaFields(fields) : ParseEd25519Fields(fields));
  TRY(CheckEnd(fields));
  return identity;
}

/// PROTOCOL.key
Result<IdentityPtr> ParseOpenSsh(ByteView container) {
  constexpr std::string_view kMagic = "openssh-key-v1\0"sv;
  if (!AsText(container).starts_with(kMagic)) return Invalid("not an OpenSSH private key");
  WireReader fields(container.subspan(kMagic.size()));
  const std::string_view cipher = AsText(TRY(fields.String()));
  const std::string_view key_derivation = AsText(TRY(fields.String()));
  TRY(fields.String());  // its options
  if (cipher != "none" || key_derivation != "none") return UnderPassphrase();
  if (TRY(fields.Uint32()) != 1) return Invalid("not exactly one key in the file");
  TRY(fields.String());  // the public key, which the private section has too
  const ByteView section = TRY(fields.String());
  if (!fields.rest().empty()) return Invalid("there is data behind the key");
  return ParsePrivateSection(section);
}

Result<IdentityPtr> FromPrivateKey(crypto::PrivateKey key) {
  if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA) return MakeSshRsaIdentity(std::move(key));
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) return OtherAlgorithm();
  const auto seed = TRY(SecretBytes::Make(kEd25519SeedBytes, [&](ByteSpan out) -> Result<size_t> {
    size_t size = out.size();
    if (EVP_PKEY_get_raw_private_key(key.get(), AsUnsigned(out), &size) != 1) {
      return Invalid("the key is damaged");
    }
    return size;
  }));
  return MakeSshEd25519Identity(seed.Expose());
}

/// RFC 8017, RSAPrivateKey
Result<IdentityPtr> ParsePkcs1(ByteView der) {
  const crypto::OpenSslCalls calls;
  const unsigned char* at = AsUnsigned(der);
  crypto::PrivateKey key(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size())));
  TRY(calls.CheckMemory());
  if (key == nullptr || at != AsUnsigned(der) + der.size()) return Invalid("the key is damaged");
  return FromPrivateKey(std::move(key));
}

/// RFC 5958, PrivateKeyInfo
Result<IdentityPtr> ParsePkcs8(ByteView der) {
  const crypto::OpenSslCalls calls;
  const unsigned char* at = AsUnsigned(der);
  const crypto::Pkcs8Info info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  TRY(calls.CheckMemory());
  if (info == nullptr || at != AsUnsigned(der) + der.size()) return Invalid("the key is damaged");
  crypto::PrivateKey key(EVP_PKCS82PKEY(info.get()));
  TRY(calls.CheckMemory());
  if (key == nullptr) return OtherAlgorithm();
  return FromPrivateKey(std::move(key));
}

}  // namespace

Result<IdentityPtr> ParseSshPrivateKey(ByteView text) {
  TRY(InitCrypto());
  if (text.size() > kMaxSshKeyBytes) {
    return Error{Code::kTooLarge, "an SSH key file is at most 16 KiB", "", ""};
  }
  const Pem pem = TRY(FindPem(AsText(text)));
  const bool old_encryption = pem.body.find("Proc-Type:") != std::string_view::npos;
  if (old_encryption || pem.label == "ENCRYPTED PRIVATE KEY") return UnderPassphrase();
  if (pem.label == "EC PRIVATE KEY" || pem.label == "DSA PRIVATE KEY") return OtherAlgorithm();
  const bool open_ssh = pem.label == "OPENSSH PRIVATE KEY";
  const bool pkcs1 = pem.label == "RSA PRIVATE KEY";
  if (!open_ssh && !pkcs1 && pem.label != "PRIVATE KEY") {
    return Invalid("a PEM block that is not a private key");
  }
  const auto content = TRY(crypto::DecodeSecretBase64(AsBytes(pem.body)));
  if (open_ssh) return ParseOpenSsh(content.Expose());
  return pkcs1 ? ParsePkcs1(content.Expose()) : ParsePkcs8(content.Expose());
}

}  // namespace secretfs::age
