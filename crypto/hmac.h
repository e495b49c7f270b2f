// HMAC (RFC 2104) with the hashes that one-time passwords use, over OpenSSL. Of keys that are
// HKDF's business, see crypto/hkdf.h.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

enum class Hash { kSha1, kSha256, kSha512 };

/// Errors: kResource.
Result<SecretBytes> Hmac(Hash hash, ByteView key, ByteView message);

}  // namespace secretfs::crypto
