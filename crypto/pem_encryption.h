// The encryption inside old PEM files (RFC 1421 headers, as OpenSSL and `ssh-keygen -m PEM` write
// them): a key made with MD5, and a cipher that "DEK-Info:" names.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::age {

struct PemEncryption {
  std::string_view cipher;  // as OpenSSL has it; static
  Bytes iv;
};

/// Takes the headers off the body of a PEM block, if it has any. Errors: kInvalid; kUnsupported for
/// a cipher that is not AES, Camellia or triple DES in CBC mode.
Result<std::optional<PemEncryption>> TakePemEncryption(std::string_view& body);

/// Errors: kNoMatch when the padding is wrong, as it is with most wrong passphrases; kResource.
Result<SecretBytes> DecryptPem(const PemEncryption& encryption, ByteView ciphertext,
                               ByteView passphrase);

}  // namespace secretfs::age
