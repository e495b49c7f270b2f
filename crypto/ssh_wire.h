// The SSH wire format (RFC 4251, section 5): a reader that stays within its bytes, and public keys
// with the two names they have, ssh-keygen's fingerprint and age's tag.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace secretfs::age {

/// Views into the bytes, which may be secret. Errors: kInvalid when a field does not fit.
class WireReader {
 public:
  explicit WireReader(ByteView bytes) noexcept : rest_(bytes) {}
  Result<uint32_t> Uint32();
  Result<ByteView> String();
  /// A positive mpint's magnitude, without leading zeros.
  Result<ByteView> Natural();
  [[nodiscard]] ByteView rest() const noexcept { return rest_; }

 private:
  ByteView rest_;
};

class WireWriter {
 public:
  WireWriter& String(ByteView bytes);
  WireWriter& Natural(ByteView magnitude);
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

 private:
  Bytes bytes_;
};

/// A public key in wire format, for messages and for finding one's own stanza.
class SshPublicKey {
 public:
  explicit SshPublicKey(Bytes wire);
  [[nodiscard]] ByteView wire() const noexcept { return wire_; }
  /// "ssh-ed25519 AAAA...", as a line of a .pub file, without a comment.
  [[nodiscard]] std::string text() const;
  /// "SHA256:...", as `ssh-keygen -l` prints it.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }
  /// The first argument of age's stanzas: 4 bytes of the same hash.
  [[nodiscard]] const std::string& tag() const noexcept { return tag_; }

 private:
  Bytes wire_;
  std::string fingerprint_;
  std::string tag_;
};

}  // namespace secretfs::age
