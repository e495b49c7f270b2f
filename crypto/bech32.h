// Bech32 (BIP 173) without its length limit, as age uses it ("Conventions"): PREFIX, `1`, data in
// 5-bit characters, checksum. All upper or all lower case.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

struct Bech32 {
  std::string prefix;  // in the case it was written in; never secret
  SecretBytes data;
};

/// Errors: kInvalid, naming no character of the text; kResource.
Result<Bech32> DecodeBech32(ByteView text);

/// Of public data. `prefix` is in lower case.
std::string EncodeBech32(std::string_view prefix, ByteView data);

/// Of secret data, in upper case, as identities are written; so is `prefix`. Errors: kResource.
Result<SecretBytes> EncodeSecretBech32(std::string_view prefix, ByteView data);

}  // namespace secretfs::crypto
