// The identity of a passphrase (C2SP age.md, "The scrypt recipient type").
#pragma once

#include "crypto/identity.h"

namespace secretfs::age {

inline constexpr int kDefaultMaxWorkFactor = 20;  // 1 GiB and some seconds
inline constexpr int kHighestWorkFactor = 22;

/// Opening a file takes 2^N KiB of ordinary memory, N being the file's work factor, and time in
/// proportion; a file that wants more than `max_work_factor` is refused with kTooLarge. Files are
/// opened one at a time. Errors: kInvalid for an empty passphrase or a factor beyond
/// kHighestWorkFactor.
Result<IdentityPtr> MakePassphraseIdentity(SecretBytes passphrase,
                                           int max_work_factor = kDefaultMaxWorkFactor);

}  // namespace secretfs::age
