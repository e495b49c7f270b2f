// Encrypting to age files (C2SP age.md): a new file key, a stanza for each recipient, a MAC, and
// the payload in chunks of 64 KiB.
#pragma once

#include <memory>
#include <span>

#include "base/secret_bytes.h"
#include "crypto/byte_sink.h"
#include "crypto/recipient.h"

namespace secretfs::age {

struct EncryptionOptions {
  bool armored = false;
  /// Adds the mark by which a later run can tell, with the file key, for whom the file is
  /// (crypto/recipients_mark.h). A file under a passphrase gets none: its stanza stands alone.
  bool marked = false;
};

/// A file being encrypted, in memory that does not depend on its size. Move-only; used by one
/// thread at a time.
class Encryption {
 public:
  /// Wraps a new file key for all recipients, at least one, and writes the header. `out` must
  /// outlive the result. Errors: kInvalid for no recipients, and for those whose labels differ;
  /// kTooLarge for more than 1024; the recipients' and the sink's own; kResource. Nothing is
  /// written before all recipients have wrapped the key.
  static Result<Encryption> Begin(ByteSink& out, std::span<const RecipientPtr> recipients,
                                  const EncryptionOptions& options = {});
  Status Write(ByteView plaintext);
  /// Must be called, and once: a file without it is truncated, which a reader will notice.
  Status Finish();

  Encryption(Encryption&&) noexcept;
  Encryption& operator=(Encryption&&) noexcept;
  Encryption(const Encryption&) = delete;
  Encryption& operator=(const Encryption&) = delete;
  ~Encryption();

 private:
  struct State;
  explicit Encryption(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

/// A whole file. Errors: as above.
Status EncryptAll(ByteView plaintext, std::span<const RecipientPtr> recipients,
                  const EncryptionOptions& options, ByteSink& out);

}  // namespace secretfs::age
