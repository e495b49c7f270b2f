// What an age file tells without a key: how it is stored, what its stanzas are, and how its bytes
// divide up. Reads the file once, in memory that does not depend on its size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/age_header.h"
#include "crypto/byte_source.h"

namespace secretfs::age {

struct Sizes {
  uint64_t header = 0;
  uint64_t armor = 0;     // what the armor adds, with the white space around it
  uint64_t overhead = 0;  // the payload's nonce and the tags of its chunks
  uint64_t payload = 0;   // the plaintext, if the file decrypts
  [[nodiscard]] uint64_t total() const noexcept { return header + armor + overhead + payload; }
};

enum class PostQuantum { kNo, kYes, kUnknown };

struct Inspection {
  bool armored = false;
  Header header;
  PostQuantum post_quantum = PostQuantum::kUnknown;  // as age-inspect judges
  Sizes sizes;
};

/// Errors: as of a decryption that does not come to the keys: kHeader, kArmor, kPayload for a size
/// that no payload has; the source's own.
Result<Inspection> Inspect(ByteSource& in);

/// The work factor of a scrypt stanza, unless it is not well formed or absurd.
std::optional<int> WorkFactorOf(const Stanza& stanza);

/// By what age's stanzas name the SSH key that opens them: of a public key as Recipient::Text()
/// gives it, or nothing for other recipients.
std::optional<std::string> SshTagOf(std::string_view recipient);

}  // namespace secretfs::age
