// HPKE (RFC 9180) as age's newer recipients use it: base mode, HKDF-SHA-256, ChaCha20-Poly1305, one
// message. The KEM is the caller's.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

struct HpkeKey {
  SecretBytes key;
  SecretBytes base_nonce;  // that of the first message
};

/// The key schedule (section 5.1). Errors: kResource.
Result<HpkeKey> HpkeKeySchedule(uint16_t kem_id, const SecretBytes& shared_secret,
                                std::string_view info);

/// The first message, without associated data.
Bytes HpkeSeal(const HpkeKey& key, const SecretBytes& plaintext);

/// Errors: kNoMatch for a wrong tag or a text shorter than one; kResource.
Result<SecretBytes> HpkeOpen(const HpkeKey& key, ByteView ciphertext);

}  // namespace secretfs::crypto
