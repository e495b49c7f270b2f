// SSH private keys as identities: the OpenSSH format (PROTOCOL.key), PKCS#1 and PKCS#8 in PEM, each
// with and without a passphrase.
#pragma once

#include "crypto/identity.h"
#include "crypto/locked_ssh_key.h"

namespace secretfs::age {

inline constexpr size_t kMaxSshKeyBytes = size_t{16} * 1024;

/// One Ed25519 or RSA key; one under a passphrase is unlocked when a file may be for it. Errors:
/// kInvalid; kTooLarge, also for a passphrase that takes more work than allowed; kUnsupported for
/// other algorithms and unknown ciphers; kResource. None quotes the text.
Result<IdentityPtr> ParseSshPrivateKey(ByteView pem, const SshKeyHelp& help);

/// kUnsupported: neither Ed25519 nor RSA.
Error SshKeyOfOtherAlgorithm();

}  // namespace secretfs::age
