// AuditFile: the file that decisions are appended to, put aside when it is full, and opened anew
// when somebody else took it away. What cannot be written is kept for a while and tried again, so
// that a disk that was full for a moment costs nothing. Not thread-safe: the audit thread's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/config.h"
#include "daemon/audit_backlog.h"

namespace secretfs {

class AuditFile {
 public:
  /// Opens `config.file`, or makes it with mode 0600. Errors: the file's.
  static Result<std::unique_ptr<AuditFile>> Open(const AuditConfig& config);

  /// Takes a line, with its newline, for Flush() to write.
  void Add(std::string line, bool granted = true);
  /// Takes over what `older`, which is given up, could not write.
  void TakeFrom(AuditFile& older);

  /// Writes what was added. What cannot be written is kept for the next time, up to some MiB;
  /// beyond that lines go, refusals first, and are counted.
  Status Flush();

  /// Lines that will never be written.
  [[nodiscard]] uint64_t lost() const noexcept { return lines_.lost(); }
  /// Lines that are still to be written.
  [[nodiscard]] size_t waiting() const noexcept { return lines_.size(); }
  /// Why the full file could not be put aside, said once; it grows on then.
  [[nodiscard]] std::optional<Error> TakeRotationError() { return std::exchange(not_rotated_, {}); }

 private:
  explicit AuditFile(const AuditConfig& config);
  Status OpenFile();
  Status FollowTheName();
  Status MakeRoom();
  Status PutAside();
  Status WriteSome();
  void Forget(size_t written);
  [[nodiscard]] std::string Aside(unsigned number) const;

  const AuditConfig config_;
  UniqueFd fd_;
  bool regular_ = false;  // else it is never put aside
  bool rotates_ = true;   // false after that failed
  uint64_t size_ = 0;     // of the file
  bool cut_ = false;      // the file ends with a part of a line
  AuditBacklog lines_;
  std::optional<Error> not_rotated_;
};

}  // namespace secretfs
