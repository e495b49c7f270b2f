// One-time passwords by time (RFC 6238 over RFC 4226), from what 1Password keeps in such a field:
// an otpauth:// URL, or the key alone in base32. Pure.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/hmac.h"

namespace secretfs::remote {

struct OtpKey {
  SecretBytes key;
  crypto::Hash hash = crypto::Hash::kSha1;
  unsigned digits = 6;
  unsigned period = 30;  // seconds
};

/// Errors: kInvalid, kUnsupported for passwords by counter; kResource. None quotes the text.
Result<OtpKey> ParseOtp(ByteView text);

/// The password of a counter's value.
Result<SecretBytes> OtpOfCounter(const OtpKey& key, uint64_t counter);
/// The password of the period in which `now` lies. Errors: kResource.
Result<SecretBytes> OtpOfTime(const OtpKey& key, WallTime now);

}  // namespace secretfs::remote
