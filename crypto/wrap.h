// What the recipients share, as unwrap.h for the identities: a new key pair for each file, and
// sealing the file key.
#pragma once

#include "base/secret_bytes.h"
#include "crypto/recipient.h"

namespace secretfs::age {

struct EphemeralKey {
  SecretBytes secret;  // a scalar of X25519
  Bytes share;         // its point
};

/// Errors: kResource.
Result<EphemeralKey> MakeEphemeralKey();

/// X25519(scalar, point). Errors: kInvalid when the result is zero: the recipient is a point of low
/// order; kResource.
Result<SecretBytes> SharedSecretWith(ByteView scalar, ByteView point);

/// ChaCha20-Poly1305(wrap_key, zero nonce, file key), the body of a stanza.
Bytes SealFileKey(const SecretBytes& wrap_key, const SecretBytes& file_key);

/// Of a recipient without labels.
Wrapped OneStanza(std::string_view type, std::vector<std::string> args, Bytes body);

}  // namespace secretfs::age
