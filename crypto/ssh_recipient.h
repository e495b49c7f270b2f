// SSH public keys as recipients: the lines of .pub and authorized_keys files, and the wire format
// inside them.
#pragma once

#include <string_view>

#include "crypto/recipient.h"

namespace secretfs::age {

/// Whether the line is meant to be an SSH public key, of a kind that age can use or not.
bool LooksLikeSshKey(std::string_view line) noexcept;

/// "ssh-ed25519 AAAA..." or "ssh-rsa AAAA...", and perhaps a comment. Errors: kInvalid;
/// kUnsupported for other keys, which cannot decrypt, and RSA keys of less than 2048 bits;
/// kResource. None quotes the line.
Result<RecipientPtr> ParseSshRecipient(std::string_view line);

/// From a public key in wire format. Errors: as above.
Result<RecipientPtr> MakeSshRecipient(ByteView wire);

}  // namespace secretfs::age
