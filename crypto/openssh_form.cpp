#include "crypto/openssh_form.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/base64.h"
#include "crypto/hkdf.h"
#include "crypto/init.h"
#include "crypto/openssl_ptr.h"
#include "crypto/ssh_wire.h"

namespace secretfs::crypto {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kMagic = "openssh-key-v1\0"sv;
constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kNone = "none";
constexpr std::string_view kEd25519 = "ssh-ed25519";
constexpr std::string_view kRsa = "ssh-rsa";
constexpr size_t kMaxPemBytes = size_t{16} * 1024;
constexpr size_t kEd25519Bytes = 32;
constexpr size_t kColumns = 70;
constexpr size_t kBlockBytes = 8;  // of no cipher
constexpr size_t kCheckBytes = 4;

using MemoryBio = std::unique_ptr<BIO, OpenSslFree<BIO_free>>;

Error Damaged() { return {Code::kInvalid, "the private key is damaged", "", ""}; }

/// The SSH wire format (RFC 4251, section 5), of what is secret.
class SecretWire {
 public:
  SecretWire& Uint32(size_t value) {
    std::array<std::byte, 4> bytes{};
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(value >> 8 * (bytes.size() - 1 - i));
    }
    return Raw(bytes);
  }
  SecretWire& String(ByteView bytes) { return Uint32(bytes.size()).Raw(bytes); }
  SecretWire& String(std::string_view text) { return String(AsBytes(text)); }
  /// A magnitude without leading zeros.
  SecretWire& Natural(ByteView magnitude) {
    const bool high = !magnitude.empty() && (magnitude.front() & std::byte{0x80}) != std::byte{0};
    if (high) Uint32(magnitude.size() + 1).Raw(AsBytes("\0"sv));
    return high ? Raw(magnitude) : String(magnitude);
  }
  SecretWire& Raw(ByteView bytes) {
    bytes_.Append(bytes);
    return *this;
  }
  [[nodiscard]] size_t size() const { return bytes_.size(); }
  Result<SecretBytes> Finish() { return bytes_.Finish(); }

 private:
  SecretBuilder bytes_;
};

/// A key's two halves: in public, and all of it without check numbers.
struct Halves {
  Bytes public_key;
  SecretBytes fields;
};

Result<Halves> Ed25519Halves(const EVP_PKEY* key) {
  std::array<std::byte, kEd25519Bytes> public_key{};
  size_t size = public_key.size();
  if (EVP_PKEY_get_raw_public_key(key, AsUnsigned(ByteSpan(public_key)), &size) != 1) {
    return Damaged();
  }
  const auto seed = TRY(SecretBytes::Make(2 * kEd25519Bytes, [&](ByteSpan out) -> Result<size_t> {
    size_t length = kEd25519Bytes;
    if (EVP_PKEY_get_raw_private_key(key, AsUnsigned(out), &length) != 1) return Damaged();
    std::ranges::copy(public_key, out.begin() + kEd25519Bytes);
    return out.size();
  }));
  Halves halves;
  halves.public_key = age::WireWriter().String(AsBytes(kEd25519)).String(public_key).bytes();
  halves.fields =
      TRY(SecretWire().String(kEd25519).String(public_key).String(seed.Expose()).Finish());
  return halves;
}

Result<SecretBytes> RsaNumber(const EVP_PKEY* key, const char* name) {
  BIGNUM* taken = nullptr;
  const int had = EVP_PKEY_get_bn_param(key, name, &taken);
  const BigNumber number(taken);
  if (had != 1) return Damaged();
  return SecretBytes::Make(static_cast<size_t>(BN_num_bytes(taken)),
                           [&](ByteSpan out) -> Result<size_t> {
                             return static_cast<size_t>(BN_bn2bin(taken, AsUnsigned(out)));
                           });
}

Result<Halves> RsaHalves(const EVP_PKEY* key) {
  const auto n = TRY(RsaNumber(key, OSSL_PKEY_PARAM_RSA_N));
  const auto e = TRY(RsaNumber(key, OSSL_PKEY_PARAM_RSA_E));
  const auto d = TRY(RsaNumber(key, OSSL_PKEY_PARAM_RSA_D));
  const auto coefficient = TRY(RsaNumber(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1));
  const auto p = TRY(RsaNumber(key, OSSL_PKEY_PARAM_RSA_FACTOR1));
  const auto q = TRY(RsaNumber(key, OSSL_PKEY_PARAM_RSA_FACTOR2));
  Halves halves;
  halves.public_key =
      age::WireWriter().String(AsBytes(kRsa)).Natural(e.Expose()).Natural(n.Expose()).bytes();
  SecretWire fields;
  fields.String(kRsa).Natural(n.Expose()).Natural(e.Expose()).Natural(d.Expose());
  fields.Natural(coefficient.Expose()).Natural(p.Expose()).Natural(q.Expose());
  halves.fields = TRY(fields.Finish());
  return halves;
}

/// The check numbers are there to tell a wrong passphrase; any two that are equal will do.
Result<SecretBytes> PrivateSection(const Halves& halves) {
  const auto digest = Sha256(halves.public_key);
  const ByteView check = ByteView(digest).first(kCheckBytes);
  SecretWire section;
  section.Raw(check).Raw(check).Raw(halves.fields.Expose()).String(""sv);
  for (unsigned i = 1; section.size() % kBlockBytes != 0; ++i) {
    const std::array padding{static_cast<std::byte>(i)};
    section.Raw(padding);
  }
  return section.Finish();
}

Result<SecretBytes> Armor(ByteView container) {
  const auto text = TRY(EncodeSecretBase64(container, Padding::kRequired));
  std::string_view rest = AsText(text.Expose());
  SecretBuilder pem(kBegin.size() + rest.size() + rest.size() / kColumns + 1 + kEnd.size());
  pem.Append(kBegin);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, kColumns);
    pem.Append(line).Append('\n');
    rest.remove_prefix(line.size());
  }
  return pem.Append(kEnd).Finish();
}

/// OpenSSL asks for a passphrase on the terminal unless it is told not to.
int NoPassphrase(char* /*into*/, int /*size*/, int /*write*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<PrivateKey> ReadKey(std::string_view pem) {
  const OpenSslCalls calls;
  const MemoryBio source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  bool locked = false;
  PrivateKey key(source == nullptr
                     ? nullptr
                     : PEM_read_bio_PrivateKey(source.get(), nullptr, NoPassphrase, &locked));
  TRY(calls.CheckMemory());
  if (locked) {
    return Error{Code::kUnsupported, "the private key is under a passphrase", "", ""};
  }
  if (key == nullptr) return Error{Code::kInvalid, "not a private key in PEM", "", ""};
  return key;
}

}  // namespace

Result<SecretBytes> ToOpenSshForm(ByteView bytes) {
  TRY(InitCrypto());
  if (bytes.size() > kMaxPemBytes) {
    return Error{Code::kTooLarge, "a private key has at most 16 KiB", "", ""};
  }
  if (AsText(bytes).starts_with(kBegin.substr(0, kBegin.size() - 1))) {
    return SecretBytes::CopyOf(bytes);
  }
  const PrivateKey key = TRY(ReadKey(AsText(bytes)));
  const OpenSslCalls calls;
  const int kind = EVP_PKEY_get_base_id(key.get());
  if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_ED25519) {
    return Error{Code::kUnsupported, "a private key that is neither Ed25519 nor RSA", "", ""};
  }
  auto halves = kind == EVP_PKEY_RSA ? RsaHalves(key.get()) : Ed25519Halves(key.get());
  TRY(calls.CheckMemory());
  if (!halves) return std::move(halves).error();
  const auto section = TRY(PrivateSection(*halves));
  SecretWire container;
  container.Raw(AsBytes(kMagic)).String(kNone).String(kNone).String(""sv).Uint32(1);
  container.String(halves->public_key).String(section.Expose());
  const auto whole = TRY(container.Finish());
  return Armor(whole.Expose());
}

}  // namespace secretfs::crypto
