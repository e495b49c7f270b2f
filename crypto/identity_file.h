// Identity files, as age's `-i` takes them (no normative spec; age's cmd/age/parse.go is the
// reference): lines with native identities and comments, or one SSH private key.
#pragma once

#include <string>
#include <vector>

#include "crypto/identity.h"
#include "crypto/scrypt.h"  // the identity that comes from no file

namespace secretfs::age {

/// The largest identity file, as age has it.
inline constexpr size_t kMaxIdentityFileBytes = size_t{16} << 20;

/// All the file's identities, at least one. `name` becomes Error::where, with a line number; no
/// text of the file is ever quoted. One bad line is fatal for the file. Errors: kInvalid;
/// kTooLarge; kUnsupported for what is well formed but not for us: keys under a passphrase,
/// plugins, post-quantum keys; kResource.
Result<std::vector<IdentityPtr>> ParseIdentityFile(const SecretBytes& content,
                                                   const std::string& name);

}  // namespace secretfs::age
