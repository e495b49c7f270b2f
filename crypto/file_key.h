// Finding the file key of an age file: the identities have their turn, and when none fits, the
// error says what the file is encrypted to and why each did not.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_bytes.h"
#include "crypto/age_header.h"
#include "crypto/identity.h"

namespace secretfs::age {

/// How the hint ends when nothing matched, but nothing is wrong with any identity either.
inline constexpr std::string_view kForOthersHint =
    "encrypt the file to one of these, or add its identity";

/// Each kind of stanza once, and how many there are of it; those of SSH keys each, with the
/// beginning of the fingerprint that `ssh-keygen -l` prints. Printable, and cut to a readable
/// length.
std::vector<std::string> DescribeStanzas(std::span<const Stanza> stanzas);

/// From the first identity that fits, the cheapest tried first; the header's MAC is not looked at.
/// `warnings` gets what is wrong with identities that were tried before. Errors: kHeader; kNoMatch;
/// those of the identities.
Result<SecretBytes> UnwrapFileKey(const Header& header, std::span<const IdentityPtr> identities,
                                  std::vector<Error>& warnings);

}  // namespace secretfs::age
