// SSH keys under a passphrase as identities: unlocked when a file has a stanza that may be theirs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crypto/lock.h"
#include "crypto/ssh_wire.h"

namespace secretfs::age {

/// About a minute of work; ssh-keygen's own choice, 16 or 24 rounds, takes a tenth of a second.
inline constexpr uint32_t kMaxBcryptRounds = 10'000;

/// What a key under a passphrase needs.
struct SshKeyHelp {
  std::string name;  // of the key's file, for the question
  AskPassphrases passphrases;
  uint32_t max_rounds = kMaxBcryptRounds;
};

/// Asks when a stanza has the key's tag. What `open` gives must be one identity of this key.
IdentityPtr MakeLockedSshKey(std::string type, SshPublicKey public_key, const SshKeyHelp& help,
                             Lock::Open open);

/// A key whose public half is locked away too: asks when there is a stanza of one of the types.
IdentityPtr MakeLockedSshKey(std::vector<std::string> types, const SshKeyHelp& help,
                             Lock::Open open);

}  // namespace secretfs::age
