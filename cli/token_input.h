// A token from a person or a pipe: never from the command line, which everybody can see.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs {

/// All that `fd` gives, or one line without echo when it is a terminal; without the newline at its
/// end. Errors: kInvalid as of CheckToken(), or when the person gave up with ^C; kTooLarge over 64
/// KiB; kIo.
Result<SecretBytes> ReadToken(int fd, const std::string& prompt);

/// Takes one newline off the end, and refuses a token that is empty, has a control character or is
/// not UTF-8. Errors: kInvalid.
Result<SecretBytes> CheckToken(const SecretBytes& input);

}  // namespace secretfs
