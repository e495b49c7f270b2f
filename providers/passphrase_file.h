// A passphrase or PIN in a file or systemd credential: its first line.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "core/config.h"
#include "crypto/passphrase.h"

namespace secretfs {

/// The first line, without its end. `name` becomes Error::where. Errors: kInvalid when it is empty.
Result<SecretPtr> FirstLine(const SecretBytes& content, const std::string& name);

/// All that `fd` gives, then as above. Errors: also kTooLarge over 64 KiB, kIo.
Result<SecretPtr> ReadPassphrase(int fd, const std::string& name);
/// Errors: also kNotFound, kPermission.
Result<SecretPtr> ReadPassphraseFile(const std::string& path);

/// Reads the file anew each time it is asked: it may appear or change later.
/// `credentials_directory` as for PathOf.
age::AskPassphrases AskFile(const KeyFile& file, const std::string& credentials_directory);

}  // namespace secretfs
