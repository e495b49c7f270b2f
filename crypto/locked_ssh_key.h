// SSH keys under a passphrase as identities: unlocked when a file has a stanza that may be theirs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crypto/lock.h"
#include "crypto/ssh_wire.h"

namespace secretfs::age {

/// How much work a key may demand before it is refused. The programs' own choices are 16 or 24
/// rounds, and 2,048 iterations: a fraction of a second.
struct SshKeyLimits {
  uint32_t rounds = 10'000;          // of bcrypt_pbkdf: about a minute
  uint64_t iterations = 10'000'000;  // of PKCS#8's derivations: some seconds
};

/// What a key under a passphrase needs.
struct SshKeyHelp {
  std::string name;  // of the key's file, for the question
  AskPassphrases passphrases;
  SshKeyLimits limits = {};
};

/// Asks when a stanza has the key's tag. What `open` gives must be one identity of this key.
IdentityPtr MakeLockedSshKey(std::string type, SshPublicKey public_key, const SshKeyHelp& help,
                             Lock::Open open);

/// A key whose public half is locked away too: asks when there is a stanza of one of the types.
IdentityPtr MakeLockedSshKey(std::vector<std::string> types, const SshKeyHelp& help,
                             Lock::Open open);

}  // namespace secretfs::age
