// SSH private keys as identities: the OpenSSH format (PROTOCOL.key), and PKCS#1 and PKCS#8, in PEM
// and without a passphrase.
#pragma once

#include "crypto/identity.h"

namespace secretfs::age {

inline constexpr size_t kMaxSshKeyBytes = size_t{16} * 1024;

/// One Ed25519 or RSA key. Errors: kInvalid, kTooLarge; kUnsupported for a key under a passphrase
/// and for other algorithms; kResource. None quotes the text.
Result<IdentityPtr> ParseSshPrivateKey(ByteView pem);

}  // namespace secretfs::age
