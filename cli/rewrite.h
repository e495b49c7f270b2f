// Encrypting an age file anew in its place: the new file takes the old one's name only when it is
// whole, was read back, and the old one is still what was read. Shared by edit and rekey.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/file.h"
#include "base/replacement_file.h"
#include "crypto/byte_sink.h"
#include "crypto/identity.h"
#include "crypto/recipient.h"

namespace secretfs {

class ReplacementSink final : public age::ByteSink {
 public:
  /// `file` must outlive it.
  explicit ReplacementSink(ReplacementFile& file) noexcept : file_(file) {}
  Status Write(ByteView bytes) override { return file_.Write(bytes); }

 private:
  ReplacementFile& file_;
};

/// What a file was when it was read; nothing for a file that was not there.
using FileState = std::optional<FileStamp>;
Result<FileState> StateOf(const std::string& path);
/// Errors: kUnavailable when somebody else changed the file since.
Status EnsureUnchanged(const std::string& path, const FileState& before);
/// Of two who changed the same file at once, one succeeds and the other one gets the error: the
/// last look and the change of names are under LockFolderOf(). Errors: also kTimeout.
Status CommitIfUnchanged(ReplacementFile& file, const std::string& path, const FileState& before);

struct RekeyOptions {
  std::optional<bool> armored{};  // unset: as it was
  bool force = false;             // even if the recipients are the same
  bool dry_run = false;
  std::function<void(const Error&)> warn{};  // gets the decryption's warnings
};

/// Whether the file was written, or would be: its mark tells for whom it is. What is written is
/// read back, and compared with the old content if one of `identities` opens it. Errors: as of a
/// decryption and an encryption; the old file stays.
Result<bool> RekeyFile(const std::string& path, std::span<const age::IdentityPtr> identities,
                       std::span<const age::RecipientPtr> recipients, const RekeyOptions& options);

}  // namespace secretfs
