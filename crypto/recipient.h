// A recipient is whom an age file is encrypted to: it wraps the file key into stanzas that its
// identity opens. One kind of recipient lives beside its identity: x25519, scrypt, ssh_ed25519,
// ssh_rsa, hybrid, plugin.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/stanza.h"

namespace secretfs::age {

struct Wrapped {
  std::vector<Stanza> stanzas;  // at least one
  /// All recipients of a file must give the same labels (C2SP age-plugin.md, "labels"): that keeps
  /// a passphrase alone, and post-quantum files free of what a quantum computer opens. Sorted.
  std::vector<std::string> labels;
};

/// Immutable and thread-safe.
class Recipient {
 public:
  Recipient() = default;
  Recipient(const Recipient&) = delete;
  Recipient& operator=(const Recipient&) = delete;
  virtual ~Recipient() = default;

  /// Wraps a 16-byte file key, in new randomness each time. Errors: kResource; kUnsupported for a
  /// kind that this build cannot make; a plugin's own.
  [[nodiscard]] virtual Result<Wrapped> Wrap(const SecretBytes& file_key) const = 0;

  /// The one public spelling: "age1...", "ssh-ed25519 AAAA..." without a comment, "passphrase".
  [[nodiscard]] virtual std::string Text() const = 0;
};

using RecipientPtr = std::shared_ptr<const Recipient>;

}  // namespace secretfs::age
