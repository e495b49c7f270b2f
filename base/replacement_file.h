// A file that is written beside the one it replaces and takes its name in one step: readers see the
// old content or the new, and a failure leaves the old file and nothing else. Until then it has no
// name, where the file system can do that, so that a process that is killed leaves nothing either.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

/// Move-only; used by one thread at a time. Dropped without Commit(), it leaves nothing.
class ReplacementFile {
 public:
  /// `path` is followed if it is a symlink, even to a file that is not there yet. The owner,
  /// mode and ACL of an existing file are kept, a new one gets `mode`; until Prepare() nobody else
  /// may read what is written. Errors: of the system, with the path in `where`.
  static Result<ReplacementFile> Open(const std::string& path, mode_t mode);
  ReplacementFile(ReplacementFile&& other) noexcept;
  ReplacementFile& operator=(ReplacementFile&&) = delete;
  ReplacementFile(const ReplacementFile&) = delete;
  ReplacementFile& operator=(const ReplacementFile&) = delete;
  ~ReplacementFile();

  Status Write(ByteView bytes);
  /// For reading back what was written so far; its offset is where Write() goes on.
  [[nodiscard]] int fd() const noexcept { return file_.get(); }
  /// What takes long: the mode, and the sync. Then Commit() is only a change of names, short enough
  /// to follow a last look at the old file.
  Status Prepare();
  /// Prepares if need be, renames, syncs the folder. After a failure nothing is left over.
  Status Commit();
  /// The file that is replaced, where links led to.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }

 private:
  ReplacementFile() = default;
  Status OpenNamed();
  Status GiveName();
  Status KeepOwnerAndMode(mode_t mode_of_new);
  bool SetAcl();

  UniqueFd file_;
  std::string target_;     // what `path` leads to
  std::string temporary_;  // empty while it has no name, and once it has its own
  mode_t mode_ = 0;
  bool replaces_ = false;  // an old file
  Bytes acl_;              // of that, if it has one
  bool prepared_ = false;  // since the last Write()
};

}  // namespace secretfs
