// The ciphers that OpenSSH encrypts private keys with (PROTOCOL.key): those that `ssh -Q cipher`
// lists.
#pragma once

#include <string_view>

#include "base/secret_bytes.h"

namespace secretfs::age {

struct SshCipher {
  enum class Mode { kCbc, kCtr, kGcm, kChaCha20Poly1305 };
  std::string_view name;       // as SSH has it
  std::string_view algorithm;  // as OpenSSL has it
  Mode mode;
  size_t key_bytes;
  size_t nonce_bytes;
  size_t tag_bytes;    // behind the ciphertext
  size_t block_bytes;  // the plaintext is padded to
};

/// Null for a name that OpenSSH does not know either.
const SshCipher* FindSshCipher(std::string_view name) noexcept;

/// `key_and_nonce` is what the passphrase gives. Errors: kNoMatch for a wrong tag; kInvalid for a
/// ciphertext that is not in whole blocks; kResource.
Result<SecretBytes> DecryptSsh(const SshCipher& cipher, ByteView key_and_nonce, ByteView ciphertext,
                               ByteView tag);

}  // namespace secretfs::age
