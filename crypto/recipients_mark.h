// The mark of secretfs: a stanza from which one who can open a file learns whether the file is
// encrypted to a given set of recipients. An X25519 stanza does not tell whom it is for, so without
// a mark every rekey would have to write every file. Other implementations ignore the stanza, as
// the format has them do with types they do not know; without the file key it says nothing.
#pragma once

#include <span>
#include <string_view>

#include "crypto/recipient.h"

namespace secretfs::age {

inline constexpr std::string_view kRecipientsMarkType = "secretfs-recipients";

/// `-> secretfs-recipients HMAC`, with an empty body. HMAC-SHA-256 over the recipients' texts,
/// sorted and each once, under a key derived from the file key. Errors: kResource.
Result<Stanza> MakeRecipientsMark(const SecretBytes& file_key,
                                  std::span<const RecipientPtr> recipients);

/// Whether the stanzas hold the mark of just these recipients; false when there is no mark.
/// Errors: kResource.
Result<bool> HasRecipientsMark(std::span<const Stanza> stanzas, const SecretBytes& file_key,
                               std::span<const RecipientPtr> recipients);

}  // namespace secretfs::age
