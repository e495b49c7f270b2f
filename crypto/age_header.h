// The header of an age file (C2SP age.md, "Header"): a version line, stanzas, and a MAC over all of
// it. Pure functions over the header's own bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret_bytes.h"
#include "crypto/stanza.h"

namespace secretfs::age {

inline constexpr size_t kMaxHeaderBytes = size_t{1} << 20;  // ours; the format has no limit
inline constexpr size_t kMaxStanzas = 1024;

struct Header {
  std::vector<Stanza> stanzas;  // at least one
  Bytes mac;                    // 32 bytes
  size_t size = 0;              // bytes of the header's text: where the payload begins
};

/// Where the header at the start of `text` ends, if that is in `text`; it need not be well formed.
std::optional<size_t> FindHeaderEnd(std::string_view text) noexcept;

/// Parses the header at the start of `text`; what follows it is not looked at. Errors: kHeader.
Result<Header> ParseHeader(std::string_view text);
inline Result<Header> ParseHeader(ByteView bytes) { return ParseHeader(AsText(bytes)); }

/// "Scrypt recipient type": its stanza stands alone, or whoever knows the passphrase could be made
/// to believe that the file is from one who knows it too. Errors: kHeader.
Status CheckScryptAlone(const Header& header);

/// The only encoding of a header: for a parsed one, the text it was parsed from.
std::string PrintHeader(const Header& header);

/// The text of a new header, with its MAC. Errors: kTooLarge for more stanzas or text than we read,
/// kResource.
Result<std::string> SealHeader(std::vector<Stanza> stanzas, const SecretBytes& file_key);

/// Checks the MAC over the text that `header` was parsed from. Errors: kMac, kResource.
Status VerifyMac(const Header& header, std::string_view text, const SecretBytes& file_key);

}  // namespace secretfs::age
