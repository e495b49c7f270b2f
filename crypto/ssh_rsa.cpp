#include "crypto/ssh_rsa.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cstring>

#include "crypto/init.h"
#include "crypto/ssh_wire.h"
#include "crypto/unwrap.h"
#include "crypto/wrap.h"

namespace secretfs::age {
namespace {

using crypto::BigNumber;

constexpr std::string_view kType = "ssh-rsa";
constexpr std::string_view kLabel = "age-encryption.org/v1/ssh-rsa";
constexpr int kFewestBits = 1024;
constexpr int kFewestBitsOfRecipient = 2048;  // what is new should last longer
constexpr int kMostBits = 16384;
constexpr int kMostBitsOfExponent = 24;  // as Go's SSH package; in practice it is 65537

/// SHA-256 for the padding and its mask, and the label.
bool SetPadding(EVP_PKEY_CTX* context) {
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) != 1) {
    return false;
  }
  void* label = OPENSSL_memdup(kLabel.data(), kLabel.size());
  if (label == nullptr) return false;
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, static_cast<int>(kLabel.size())) != 1) {
    OPENSSL_free(label);
    return false;
  }
  return true;
}

Error UnsupportedSize(int bits) {
  return {Code::kUnsupported, "an RSA key of " + std::to_string(bits) + " bits", "",
          "use a key of 2048 to 16384 bits"};
}

SshPublicKey ToWire(ByteView e, ByteView n) {
  return SshPublicKey(WireWriter().String(AsBytes(kType)).Natural(e).Natural(n).bytes());
}

class SshRsaRecipient final : public Recipient {
 public:
  SshRsaRecipient(crypto::PrivateKey key, SshPublicKey public_key)
      : key_(std::move(key)), public_key_(std::move(public_key)) {}

  [[nodiscard]] Result<Wrapped> Wrap(const SecretBytes& file_key) const override {
    const crypto::OpenSslCalls calls;
    Bytes body(static_cast<size_t>(EVP_PKEY_get_size(key_.get())));
    const bool encrypted = EncryptInto(body, file_key.Expose());
    TRY(calls.CheckMemory());
    if (!encrypted) return calls.NoMemory();
    return OneStanza(kType, {public_key_.tag()}, std::move(body));
  }

  [[nodiscard]] std::string Text() const override { return public_key_.text(); }

 private:
  [[nodiscard]] bool EncryptInto(ByteSpan out, ByteView plaintext) const {
    const crypto::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
    size_t size = out.size();
    return context != nullptr && EVP_PKEY_encrypt_init(context.get()) == 1 &&
           SetPadding(context.get()) &&
           EVP_PKEY_encrypt(context.get(), AsUnsigned(out), &size, AsUnsigned(plaintext),
                            plaintext.size()) == 1 &&
           size == out.size();
  }

  crypto::PrivateKey key_;  // the public half alone
  SshPublicKey public_key_;
};

class SshRsaIdentity final : public Identity {
 public:
  SshRsaIdentity(crypto::PrivateKey key, const Bytes& e, const Bytes& n)
      : key_(std::move(key)), exponent_(e), modulus_(n), public_key_(ToWire(e, n)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    return UnwrapFirst(stanzas, kType, [this](const Stanza& stanza) { return UnwrapOne(stanza); });
  }

  [[nodiscard]] std::string Describe() const override {
    return std::string(kType) + " " + public_key_.fingerprint();
  }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override {
    return MakeSshRsaRecipient(exponent_, modulus_);
  }

 private:
  [[nodiscard]] Result<SecretBytes> UnwrapOne(const Stanza& stanza) const {
    TRY(RequireArguments(stanza, 1));
    if (stanza.args[0] != public_key_.tag()) return OtherKey(stanza);
    const auto modulus_bytes = static_cast<size_t>(EVP_PKEY_get_size(key_.get()));
    if (stanza.body.size() != modulus_bytes) {
      return StanzaError(stanza, "the body is not as long as the key's modulus");
    }
    return SecretBytes::Make(modulus_bytes, [&](ByteSpan out) { return DecryptInto(out, stanza); });
  }

  [[nodiscard]] Result<size_t> DecryptInto(ByteSpan out, const Stanza& stanza) const {
    const crypto::OpenSslCalls calls;
    const crypto::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
    if (context == nullptr || EVP_PKEY_decrypt_init(context.get()) != 1 ||
        !SetPadding(context.get())) {
      return calls.NoMemory();
    }
    size_t size = out.size();
    const bool opened = EVP_PKEY_decrypt(context.get(), AsUnsigned(out), &size,
                                         AsUnsigned(stanza.body), stanza.body.size()) == 1;
    TRY(calls.CheckMemory());
    if (!opened) {
      // The tag names this key, so there is nobody else to try.
      return StanzaError(stanza, "it is for this key, but damaged");
    }
    return size;
  }

  crypto::PrivateKey key_;
  Bytes exponent_;
  Bytes modulus_;
  SshPublicKey public_key_;
};

BigNumber ToNumber(ByteView bytes) {
  BigNumber number(BN_bin2bn(AsUnsigned(bytes), static_cast<int>(bytes.size()), nullptr));
  if (number != nullptr) BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

/// d mod (p - 1), the exponent for one prime.
BigNumber ExponentFor(const BIGNUM* private_exponent, const BIGNUM* prime, BN_CTX* context) {
  BigNumber exponent(BN_new());
  const BigNumber below(BN_dup(prime));
  if (exponent == nullptr || below == nullptr || BN_sub_word(below.get(), 1) != 1) return nullptr;
  BN_set_flags(below.get(), BN_FLG_CONSTTIME);
  if (BN_mod(exponent.get(), private_exponent, below.get(), context) != 1) return nullptr;
  return exponent;
}

bool IsProduct(const BIGNUM* modulus, const BIGNUM* prime_1, const BIGNUM* prime_2,
               BN_CTX* context) {
  const BigNumber product(BN_new());
  return product != nullptr && BN_mul(product.get(), prime_1, prime_2, context) == 1 &&
         BN_cmp(product.get(), modulus) == 0;
}

/// `selection`: EVP_PKEY_KEYPAIR or EVP_PKEY_PUBLIC_KEY.
crypto::PrivateKey FromParams(OSSL_PARAM* params, int selection) {
  const crypto::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || params == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, selection, params) != 1) {
    return nullptr;
  }
  return crypto::PrivateKey(key);
}

/// Null when the numbers do not belong together.
crypto::PrivateKey FromNumbers(const RsaNumbers& numbers) {
  const auto n = ToNumber(numbers.modulus);
  const auto e = ToNumber(numbers.public_exponent);
  const auto d = ToNumber(numbers.private_exponent);
  const auto p = ToNumber(numbers.prime_1);
  const auto q = ToNumber(numbers.prime_2);
  const auto iqmp = ToNumber(numbers.coefficient);
  const crypto::BigNumberContext context(BN_CTX_secure_new());
  const crypto::ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !d || !p || !q || !iqmp || !context || !builder) return nullptr;
  if (!BN_is_odd(p.get()) || !BN_is_odd(q.get())) return nullptr;
  if (!IsProduct(n.get(), p.get(), q.get(), context.get())) return nullptr;
  const auto dmp1 = ExponentFor(d.get(), p.get(), context.get());
  const auto dmq1 = ExponentFor(d.get(), q.get(), context.get());
  const std::pair<const char*, const BIGNUM*> fields[] = {
      {OSSL_PKEY_PARAM_RSA_N, n.get()},
      {OSSL_PKEY_PARAM_RSA_E, e.get()},
      {OSSL_PKEY_PARAM_RSA_D, d.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR1, p.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR2, q.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT1, dmp1.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT2, dmq1.get()},
      {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, iqmp.get()},
  };
  for (const auto& [name, number] : fields) {
    if (number == nullptr || OSSL_PARAM_BLD_push_BN(builder.get(), name, number) != 1) {
      return nullptr;
    }
  }
  return FromParams(crypto::Params(OSSL_PARAM_BLD_to_param(builder.get())).get(), EVP_PKEY_KEYPAIR);
}

/// Null for want of memory.
crypto::PrivateKey FromPublicNumbers(const BIGNUM* e, const BIGNUM* n) {
  const crypto::ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n) != 1) {
    return nullptr;
  }
  return FromParams(crypto::Params(OSSL_PARAM_BLD_to_param(builder.get())).get(),
                    EVP_PKEY_PUBLIC_KEY);
}

bool IsPublicExponent(const BIGNUM* e) {
  return BN_is_odd(e) == 1 && BN_is_one(e) == 0 && BN_num_bits(e) <= kMostBitsOfExponent;
}

/// The number's bytes, of a public key.
Bytes PublicNumber(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const BigNumber number(raw);
  Bytes bytes(static_cast<size_t>(BN_num_bytes(raw)));
  BN_bn2bin(raw, AsUnsigned(ByteSpan(bytes)));
  return bytes;
}

}  // namespace

Result<crypto::PrivateKey> MakeRsaKey(const RsaNumbers& numbers) {
  TRY(InitCrypto());
  const crypto::OpenSslCalls calls;
  auto key = numbers.modulus.size() <= kMostBits / 8 ? FromNumbers(numbers) : nullptr;
  TRY(calls.CheckMemory());
  if (key == nullptr) {
    return Error{Code::kInvalid, "the RSA key's numbers do not belong together", "", ""};
  }
  return key;
}

Result<IdentityPtr> MakeSshRsaIdentity(crypto::PrivateKey key) {
  TRY(InitCrypto());
  const crypto::OpenSslCalls calls;
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kFewestBits || bits > kMostBits) return UnsupportedSize(bits);
  const Bytes e = PublicNumber(key.get(), OSSL_PKEY_PARAM_RSA_E);
  const Bytes n = PublicNumber(key.get(), OSSL_PKEY_PARAM_RSA_N);
  TRY(calls.CheckMemory());
  if (e.empty() || n.empty()) return calls.NoMemory();
  return IdentityPtr(std::make_shared<SshRsaIdentity>(std::move(key), e, n));
}

Result<RecipientPtr> MakeSshRsaRecipient(ByteView public_exponent, ByteView modulus) {
  TRY(InitCrypto());
  const crypto::OpenSslCalls calls;
  if (modulus.size() > kMostBits / 8 || public_exponent.size() > modulus.size()) {
    return Error{Code::kUnsupported, "an RSA key of more than 16384 bits", "", ""};
  }
  const auto e = ToNumber(public_exponent);
  const auto n = ToNumber(modulus);
  if (e == nullptr || n == nullptr) return calls.NoMemory();
  const int bits = BN_num_bits(n.get());
  if (bits < kFewestBitsOfRecipient) return UnsupportedSize(bits);
  if (!IsPublicExponent(e.get()) || BN_is_odd(n.get()) == 0) {
    return Error{Code::kInvalid, "a damaged RSA public key", "", ""};
  }
  auto key = FromPublicNumbers(e.get(), n.get());
  TRY(calls.CheckMemory());
  if (key == nullptr) return calls.NoMemory();
  return RecipientPtr(
      std::make_shared<SshRsaRecipient>(std::move(key), ToWire(public_exponent, modulus)));
}

}  // namespace secretfs::age
