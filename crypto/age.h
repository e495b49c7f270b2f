// Decrypting age files (https://age-encryption.org/v1; C2SP age.md), armored or binary. Plaintext
// is in locked memory only, and every byte that comes out was verified.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/secret_bytes.h"
#include "crypto/byte_source.h"
#include "crypto/identity.h"

namespace secretfs::age {

class AgeFile;

/// A file being decrypted, chunk by chunk, in memory that does not depend on its size. Move-only;
/// used by one thread at a time.
class Decryption {
 public:
  /// Reads the header, has it opened by the first identity that fits, the cheapest tried first, and
  /// verifies it. `in` must outlive the result. Errors: kHeader, kMac, kArmor; kNoMatch, saying
  /// what the file is encrypted to and why each identity does not fit; kTooLarge for a passphrase
  /// that costs more work than allowed; kResource; the source's own.
  static Result<Decryption> Open(ByteSource& in, std::span<const IdentityPtr> identities);

  /// What is wrong with identities that were tried before one fitted: a plugin, a passphrase.
  [[nodiscard]] const std::vector<Error>& warnings() const noexcept;

  /// The next verified chunk, valid until the next call; empty at the end. Errors: kPayload,
  /// kArmor, kResource, the source's own; what came before is the beginning of the plaintext, and
  /// every further call gives the error again.
  Result<ByteView> Next();
  /// All that is left, or nothing of it. Errors: as above, and kTooLarge beyond `max_size` bytes.
  Result<SecretBytes> ReadAll(size_t max_size);

  [[nodiscard]] bool armored() const noexcept;
  /// Whether the file has the mark of just these recipients (crypto/recipients_mark.h). Errors:
  /// kResource.
  [[nodiscard]] Result<bool> IsMarkedFor(std::span<const RecipientPtr> recipients) const;

  Decryption(Decryption&&) noexcept;
  Decryption& operator=(Decryption&&) noexcept;
  Decryption(const Decryption&) = delete;
  Decryption& operator=(const Decryption&) = delete;
  ~Decryption();

 private:
  struct State;
  explicit Decryption(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

/// The whole plaintext, or nothing of it. Errors: as above, and kTooLarge beyond `max_size` bytes.
Result<SecretBytes> DecryptAll(ByteSource& in, std::span<const IdentityPtr> identities,
                               size_t max_size);

/// What all ways of decrypting share: has the header opened and verifies it, as Decryption::Open
/// says, and reads the nonce at the beginning of the payload. May be called once for a file.
Result<SecretBytes> OpenPayloadKey(AgeFile& file, std::span<const IdentityPtr> identities,
                                   std::vector<Error>& warnings);

}  // namespace secretfs::age
