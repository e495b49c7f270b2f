// A private key that is written anew in OpenSSH's own format (PROTOCOL.key), which some programs
// take and no other: without a passphrase or a comment. The same key always gives the same bytes.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

/// From PEM: PKCS#8 or PKCS#1 of an Ed25519 or RSA key; what is in OpenSSH's format already stays
/// as it is. Errors: kInvalid; kUnsupported for other algorithms and keys under a passphrase;
/// kTooLarge; kResource. None quotes the text.
Result<SecretBytes> ToOpenSshForm(ByteView pem);

}  // namespace secretfs::crypto
