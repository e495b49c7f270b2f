// An identity opens age files that were encrypted to its recipient: it turns one of a file's
// stanzas into the file key. One kind of identity is one file: x25519, hybrid, scrypt,
// ssh_ed25519, ssh_rsa, plugin.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/recipient.h"
#include "crypto/stanza.h"

namespace secretfs::age {

inline constexpr size_t kFileKeyBytes = 16;

/// What it may take to try an identity, beside computing; the least first.
enum class Cost {
  kNone,
  kPassphraseForIts,  // a passphrase, but only for a file that it opens then
  kPassphrase,
  kPlugin,  // another program's time, and perhaps a touch or a PIN
};

/// Immutable and thread-safe.
class Identity {
 public:
  Identity() = default;
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;
  virtual ~Identity() = default;

  /// The 16-byte file key. kNoMatch: none of the stanzas is for this identity, and `what` says why,
  /// in public words; the next identity may fit. When the reason is not that the file is for
  /// another one, but something to be mended, `where` names that. Any other code is final for the
  /// file.
  [[nodiscard]] virtual Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const = 0;

  /// May fall when a passphrase has been given.
  [[nodiscard]] virtual Cost cost() const { return Cost::kNone; }

  /// Public words for messages: "X25519 age1...", "ssh-ed25519 SHA256:...", "scrypt passphrase".
  [[nodiscard]] virtual std::string Describe() const = 0;

  /// Whom to encrypt to for this identity. Errors: kUnsupported for kinds that do not tell.
  [[nodiscard]] virtual Result<RecipientPtr> ToRecipient() const {
    return Error{Code::kUnsupported, "an identity of this kind does not tell its recipient", "",
                 ""};
  }

  /// The same for an identity that stands for several; it may have to be unlocked for that. Errors:
  /// as above, and kInvalid when it cannot be unlocked.
  [[nodiscard]] virtual Result<std::vector<RecipientPtr>> ToRecipients() const {
    auto recipient = TRY(ToRecipient());
    return std::vector<RecipientPtr>{std::move(recipient)};
  }
};

using IdentityPtr = std::shared_ptr<const Identity>;

/// The same, those of the least cost first, else in the order given.
std::vector<IdentityPtr> CheapestFirst(std::span<const IdentityPtr> identities);

}  // namespace secretfs::age
