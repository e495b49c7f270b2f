// SSH keys in the formats of other programs, which `ssh-keygen -m` writes too: PKCS#1 (RFC 8017,
// RSAPrivateKey) and PKCS#8 (RFC 5958), each with and without a passphrase.
#pragma once

#include "crypto/identity.h"
#include "crypto/locked_ssh_key.h"
#include "crypto/pem_encryption.h"

namespace secretfs::age {

/// Errors: kInvalid; kUnsupported for what is neither Ed25519 nor RSA; kResource.
Result<IdentityPtr> ParsePkcs1(ByteView der);
Result<IdentityPtr> ParsePkcs8(ByteView der);

/// Their public halves are under the passphrase too. Errors: kInvalid; kTooLarge for a passphrase
/// that takes more work than allowed; kUnsupported; kResource.
Result<IdentityPtr> ParseLockedPkcs1(SecretBytes ciphertext, PemEncryption encryption,
                                     const SshKeyHelp& help);
Result<IdentityPtr> ParseLockedPkcs8(SecretBytes der, const SshKeyHelp& help);

}  // namespace secretfs::age
