// The identity and the recipient of a passphrase (C2SP age.md, "The scrypt recipient type").
#pragma once

#include "crypto/identity.h"
#include "crypto/passphrase.h"
#include "crypto/recipient.h"

namespace secretfs::age {

inline constexpr int kDefaultMaxWorkFactor = 20;  // 1 GiB and some seconds
inline constexpr int kHighestWorkFactor = 22;
inline constexpr int kDefaultWorkFactor = 18;  // of new files: 256 MiB and a second or two, as age

/// `ask` is asked when a file has a scrypt stanza, and its passphrases are tried in turn; after one
/// was right, it is not asked again. Nothing to try, and nothing that fits, are reasons not to
/// match. Opening a file takes 2^N KiB of ordinary memory, N being the file's work factor, and time
/// in proportion, once for each file: keys are kept. A file that wants more than `max_work_factor`
/// is refused with kTooLarge. Errors: kInvalid for a limit beyond kHighestWorkFactor.
Result<IdentityPtr> MakePassphraseIdentity(AskPassphrases ask,
                                           int max_work_factor = kDefaultMaxWorkFactor);

/// Errors: also kInvalid for an empty passphrase.
Result<IdentityPtr> MakePassphraseIdentity(SecretBytes passphrase,
                                           int max_work_factor = kDefaultMaxWorkFactor);

/// Wrapping takes as much memory and time as opening will. A random label keeps it alone in a file.
/// Errors: kInvalid for an empty passphrase and for a factor that is not in 1..kHighestWorkFactor.
Result<RecipientPtr> MakePassphraseRecipient(SecretPtr passphrase,
                                             int work_factor = kDefaultWorkFactor);

}  // namespace secretfs::age
