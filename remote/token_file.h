// The token that a store is shown, in a file: read anew each time, so that one that was missing,
// expired or refused heals by itself once the file is another.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::remote {

/// The largest token; service accounts' have about 1 KiB.
inline constexpr size_t kMaxTokenBytes = size_t{64} * 1024;

/// What the file has, without the white space around it. Errors: kRefused, which may come, when it
/// is not there or empty; kInvalid when there is a blank or a control character inside;
/// kPermission, kTooLarge, kIo. The token itself is in none of them.
Result<SecretBytes> ReadToken(const std::string& path);

}  // namespace secretfs::remote
