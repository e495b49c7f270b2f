#include "crypto/pem_encryption.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>

#include "crypto/openssl_ptr.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kEncrypted = "Proc-Type: 4,ENCRYPTED";
constexpr std::string_view kCipherInfo = "DEK-Info: ";

struct Kind {
  std::string_view cipher;
  size_t iv_bytes;
};
constexpr std::array kKinds{Kind{"AES-128-CBC", 16},      Kind{"AES-192-CBC", 16},
                            Kind{"AES-256-CBC", 16},      Kind{"CAMELLIA-128-CBC", 16},
                            Kind{"CAMELLIA-192-CBC", 16}, Kind{"CAMELLIA-256-CBC", 16},
                            Kind{"DES-EDE3-CBC", 8}};

Error Damaged() { return {Code::kInvalid, "the PEM block is truncated or damaged", "", ""}; }

/// The next line without its end; what is behind the last one stays.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<PemEncryption> ParseCipherInfo(std::string_view line) {
  if (!line.starts_with(kCipherInfo)) return Damaged();
  line.remove_prefix(kCipherInfo.size());
  const size_t comma = std::min(line.find(','), line.size());
  const auto kind = std::ranges::find(kKinds, line.substr(0, comma), &Kind::cipher);
  if (kind == kKinds.end()) {
    return Error{Code::kUnsupported, "an SSH key under a cipher that is not known", "",
                 "encrypt it again: `ssh-keygen -p -f`"};
  }
  const std::string_view hex = line.substr(std::min(comma + 1, line.size()));
  PemEncryption encryption{kind->cipher, Bytes(kind->iv_bytes)};
  size_t size = 0;
  if (hex.size() != 2 * kind->iv_bytes ||
      sodium_hex2bin(AsUnsigned(ByteSpan(encryption.iv)), encryption.iv.size(), hex.data(),
                     hex.size(), nullptr, &size, nullptr) != 0) {
    return Damaged();
  }
  return encryption;
}

using Cipher = std::unique_ptr<EVP_CIPHER, crypto::OpenSslFree<EVP_CIPHER_free>>;

/// Nothing when OpenSSL fails, or the padding is wrong.
std::optional<size_t> DecryptInto(ByteSpan out, const PemEncryption& encryption,
                                  ByteView ciphertext, ByteView passphrase) {
  const Cipher cipher(EVP_CIPHER_fetch(nullptr, std::string(encryption.cipher).c_str(), nullptr));
  const crypto::CipherContext context(EVP_CIPHER_CTX_new());
  if (!cipher || !context) return std::nullopt;
  const auto key_bytes = static_cast<size_t>(EVP_CIPHER_get_key_length(cipher.get()));
  const auto key = SecretBytes::Make(EVP_MAX_KEY_LENGTH, [&](ByteSpan bytes) -> Result<size_t> {
    // The first 8 bytes of the IV are the salt.
    EVP_BytesToKey(cipher.get(), EVP_md5(), AsUnsigned(ByteView(encryption.iv)),
                   AsUnsigned(passphrase), static_cast<int>(passphrase.size()), 1,
                   AsUnsigned(bytes), nullptr);
    return key_bytes;
  });
  int size = 0;
  int last = 0;
  if (!key ||
      EVP_DecryptInit_ex2(context.get(), cipher.get(), AsUnsigned(key->Expose()),
                          AsUnsigned(ByteView(encryption.iv)), nullptr) != 1 ||
      EVP_DecryptUpdate(context.get(), AsUnsigned(out), &size, AsUnsigned(ciphertext),
                        static_cast<int>(ciphertext.size())) != 1 ||
      EVP_DecryptFinal_ex(context.get(), AsUnsigned(out.subspan(static_cast<size_t>(size))),
                          &last) != 1) {
    return std::nullopt;
  }
  return static_cast<size_t>(size) + static_cast<size_t>(last);
}

}  // namespace

Result<std::optional<PemEncryption>> TakePemEncryption(std::string_view& body) {
  std::string_view text = body;
  TakeLine(text);  // of the block's first line
  if (text.find(':') == std::string_view::npos) return std::optional<PemEncryption>();
  if (TakeLine(text) != kEncrypted) return Damaged();
  auto encryption = TRY(ParseCipherInfo(TakeLine(text)));
  if (!TakeLine(text).empty()) return Damaged();
  body = text;
  return std::optional(std::move(encryption));
}

Result<SecretBytes> DecryptPem(const PemEncryption& encryption, ByteView ciphertext,
                               ByteView passphrase) {
  const crypto::OpenSslCalls calls;
  // OpenSSL may write one block more than it gives.
  return SecretBytes::Make(ciphertext.size() + EVP_MAX_BLOCK_LENGTH,
                           [&](ByteSpan out) -> Result<size_t> {
                             const auto size = DecryptInto(out, encryption, ciphertext, passphrase);
                             TRY(calls.CheckMemory());
                             if (size) return *size;
                             return Error{Code::kNoMatch, "wrong passphrase", "", ""};
                           });
}

}  // namespace secretfs::age
