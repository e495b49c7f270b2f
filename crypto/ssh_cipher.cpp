#include "crypto/ssh_cipher.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "crypto/openssl_ptr.h"

namespace secretfs::age {
namespace {

using Mode = SshCipher::Mode;

constexpr size_t kBlock = 16;  // of AES
constexpr size_t kTag = 16;
constexpr std::array kCiphers{
    SshCipher{"aes256-ctr", "AES-256-CTR", Mode::kCtr, 32, kBlock, 0, kBlock},
    SshCipher{"aes192-ctr", "AES-192-CTR", Mode::kCtr, 24, kBlock, 0, kBlock},
    SshCipher{"aes128-ctr", "AES-128-CTR", Mode::kCtr, 16, kBlock, 0, kBlock},
    SshCipher{"aes256-cbc", "AES-256-CBC", Mode::kCbc, 32, kBlock, 0, kBlock},
    SshCipher{"rijndael-cbc@lysator.liu.se", "AES-256-CBC", Mode::kCbc, 32, kBlock, 0, kBlock},
    SshCipher{"aes192-cbc", "AES-192-CBC", Mode::kCbc, 24, kBlock, 0, kBlock},
    SshCipher{"aes128-cbc", "AES-128-CBC", Mode::kCbc, 16, kBlock, 0, kBlock},
    SshCipher{"3des-cbc", "DES-EDE3-CBC", Mode::kCbc, 24, 8, 0, 8},
    SshCipher{"aes256-gcm@openssh.com", "AES-256-GCM", Mode::kGcm, 32, 12, kTag, kBlock},
    SshCipher{"aes128-gcm@openssh.com", "AES-128-GCM", Mode::kGcm, 16, 12, kTag, kBlock},
    SshCipher{"chacha20-poly1305@openssh.com", "", Mode::kChaCha20Poly1305, 64, 0, kTag, 8},
};

using Cipher = std::unique_ptr<EVP_CIPHER, crypto::OpenSslFree<EVP_CIPHER_free>>;

Error WrongTag() { return {Code::kNoMatch, "the key cannot be authenticated", "", ""}; }

/// What OpenSSL has; false is its own failure, or a wrong tag.
bool DecryptInto(ByteSpan out, const SshCipher& cipher, ByteView key_and_nonce, ByteView ciphertext,
                 ByteView tag) {
  const Cipher algorithm(EVP_CIPHER_fetch(nullptr, std::string(cipher.algorithm).c_str(), nullptr));
  const crypto::CipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  int last = 0;
  if (!algorithm || !context ||
      EVP_DecryptInit_ex2(context.get(), algorithm.get(), AsUnsigned(key_and_nonce),
                          AsUnsigned(key_and_nonce.subspan(cipher.key_bytes)), nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1) {
    return false;
  }
  std::array<std::byte, kTag> expected_tag;
  std::ranges::copy(tag, expected_tag.begin());
  if (cipher.mode == Mode::kGcm &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, expected_tag.data()) != 1) {
    return false;
  }
  return EVP_DecryptUpdate(context.get(), AsUnsigned(out), &size, AsUnsigned(ciphertext),
                           static_cast<int>(ciphertext.size())) == 1 &&
         EVP_DecryptFinal_ex(context.get(), AsUnsigned(out.subspan(static_cast<size_t>(size))),
                             &last) == 1;
}

Result<SecretBytes> DecryptWithOpenSsl(const SshCipher& cipher, ByteView key_and_nonce,
                                       ByteView ciphertext, ByteView tag) {
  const crypto::OpenSslCalls calls;
  return SecretBytes::Make(ciphertext.size(), [&](ByteSpan out) -> Result<size_t> {
    const bool done = DecryptInto(out, cipher, key_and_nonce, ciphertext, tag);
    TRY(calls.CheckMemory());
    if (!done) return WrongTag();
    return out.size();
  });
}

/// PROTOCOL.chacha20poly1305 as packet number 0 without a length: the nonce is zero, block 0 of the
/// key stream gives the key of the tag, and the text begins with block 1. The second half of the
/// key is for lengths.
Result<SecretBytes> DecryptChaCha20Poly1305(ByteView key, ByteView ciphertext, ByteView tag) {
  constexpr std::array<unsigned char, crypto_stream_chacha20_NONCEBYTES> kNonce{};
  const auto tag_key =
      TRY(SecretBytes::Make(crypto_onetimeauth_KEYBYTES, [&](ByteSpan out) -> Result<size_t> {
        crypto_stream_chacha20(AsUnsigned(out), out.size(), kNonce.data(), AsUnsigned(key));
        return out.size();
      }));
  if (crypto_onetimeauth_verify(AsUnsigned(tag), AsUnsigned(ciphertext), ciphertext.size(),
                                AsUnsigned(tag_key.Expose())) != 0) {
    return WrongTag();
  }
  return SecretBytes::Make(ciphertext.size(), [&](ByteSpan out) -> Result<size_t> {
    crypto_stream_chacha20_xor_ic(AsUnsigned(out), AsUnsigned(ciphertext), ciphertext.size(),
                                  kNonce.data(), 1, AsUnsigned(key));
    return out.size();
  });
}

}  // namespace

const SshCipher* FindSshCipher(std::string_view name) noexcept {
  const auto at = std::ranges::find(kCiphers, name, &SshCipher::name);
  return at == kCiphers.end() ? nullptr : &*at;
}

Result<SecretBytes> DecryptSsh(const SshCipher& cipher, ByteView key_and_nonce, ByteView ciphertext,
                               ByteView tag) {
  if (ciphertext.empty() || ciphertext.size() % cipher.block_bytes != 0 ||
      tag.size() != cipher.tag_bytes ||
      key_and_nonce.size() != cipher.key_bytes + cipher.nonce_bytes) {
    return Error{Code::kInvalid, "the key is truncated or damaged", "", ""};
  }
  if (cipher.mode == Mode::kChaCha20Poly1305) {
    return DecryptChaCha20Poly1305(key_and_nonce, ciphertext, tag);
  }
  return DecryptWithOpenSsl(cipher, key_and_nonce, ciphertext, tag);
}

}  // namespace secretfs::age
