// An identity file that is an age file itself, under a passphrase (`age -p`): one identity, which
// is unlocked when it is first needed and then stands for all that are in the file.
#pragma once

#include <functional>
#include <string>

#include "crypto/identity_file.h"

namespace secretfs::age {

/// Reads what was locked, as ParseIdentityFile does, but for another locked file.
using ParseUnlocked = std::function<Result<ParsedIdentities>(const SecretBytes& content)>;

/// `content` is the whole file, armored or binary. Errors: kInvalid when it is damaged, or is
/// encrypted to something else than a passphrase.
Result<IdentityPtr> MakeLockedIdentityFile(ByteView content, const std::string& name,
                                           const IdentityHelp& help, ParseUnlocked parse);

}  // namespace secretfs::age
