// The OpenSSH format of private keys (PROTOCOL.key), with and without a passphrase.
#pragma once

#include "crypto/identity.h"
#include "crypto/locked_ssh_key.h"

namespace secretfs::age {

/// From the content of the PEM block. A key under a passphrase shows its public half, so all but a
/// wrong passphrase and damage within is found here. Errors: kInvalid; kUnsupported for algorithms
/// that age cannot use and ciphers that OpenSSH does not have; kTooLarge for more rounds than
/// allowed; kResource.
Result<IdentityPtr> ParseOpenSshKey(SecretBytes container, const SshKeyHelp& help);

}  // namespace secretfs::age
