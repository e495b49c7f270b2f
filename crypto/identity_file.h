// Identity files, as age's `-i` takes them (no normative spec; age's cmd/age/parse.go is the
// reference): lines with native and plugin identities and comments, the same encrypted with a
// passphrase, or one SSH private key.
#pragma once

#include <string>
#include <vector>

#include "crypto/identity.h"
#include "crypto/passphrase.h"
#include "crypto/plugin.h"
#include "crypto/scrypt.h"  // the identity that comes from no file
#include "crypto/ssh_key.h"

namespace secretfs::age {

/// The largest identity file, as age has it.
inline constexpr size_t kMaxIdentityFileBytes = size_t{16} << 20;

/// What identities may need beyond the text of their file; all may be left empty.
struct IdentityHelp {
  AskPassphrases passphrases;
  PluginHostPtr plugins;
  int max_work_factor = kDefaultMaxWorkFactor;  // of a file under a passphrase (crypto/scrypt.h)
  SshKeyLimits ssh_limits = {};
};

struct ParsedIdentities {
  std::vector<IdentityPtr> identities;  // in the file's order
  std::vector<Error> problems;          // of each line that gave none
};

/// All the file's identities, at least one. `name` becomes Error::where, with a line number; no
/// text of the file is ever quoted. A file or key under a passphrase is one identity, which is
/// unlocked when it is first needed. Errors: that of the only or first line, when no line gives an
/// identity; kInvalid; kTooLarge; kUnsupported for keys that age cannot use; kResource.
Result<ParsedIdentities> ParseIdentityFile(const SecretBytes& content, const std::string& name,
                                           const IdentityHelp& help);

}  // namespace secretfs::age
