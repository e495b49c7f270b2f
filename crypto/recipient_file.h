// Recipients as text, as age's `-r` and `-R` take them: age1..., age1pq1..., age1NAME1... of a
// plugin, ssh-ed25519 and ssh-rsa public keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/plugin.h"
#include "crypto/recipient.h"

namespace secretfs::age {

inline constexpr size_t kMaxRecipientFileBytes = size_t{16} << 20;  // as age has it

/// `plugins` may be null: then plugin recipients are an error. Errors: kInvalid, kUnsupported,
/// kResource. Recipients are public, but somebody may give a secret key by mistake: errors never
/// quote the text.
Result<RecipientPtr> ParseRecipient(std::string_view text, const PluginHostPtr& plugins);

/// One a line; empty lines and `#` comments are skipped. `name` becomes Error::where, with a line
/// number. One bad line is fatal: a file that is encrypted to fewer than was meant helps nobody.
/// Errors: as above, and kTooLarge.
Result<std::vector<RecipientPtr>> ParseRecipientFile(ByteView content, const std::string& name,
                                                     const PluginHostPtr& plugins);

}  // namespace secretfs::age
