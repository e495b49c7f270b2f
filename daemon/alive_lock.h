// AliveLock: by which a guard outside of us, which may not ask the mount, sees whether anybody
// serves it. The supervisor and the server each hold a shared lock on a file, which ends with the
// last of them, however they end; who serves also marks the file while it is not stuck.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

class AliveLock {
 public:
  /// Makes the file if it is missing. Held until this goes, and by children that keep fd(). Errors:
  /// of the system; kUnavailable when somebody has the lock alone for a second.
  static Result<AliveLock> Take(const std::string& file);
  /// Says that we are not stuck; for who serves, once a second. Does not block.
  void Beat() const noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  explicit AliveLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// alive-MOUNTPOINT in `folder`.
std::string AliveFile(const std::string& folder, const std::string& mount_point);

/// For who serves, in the runtime directory. Where there is none there is no guard either, and
/// nobody misses it; what goes wrong is logged.
std::optional<AliveLock> TakeAliveLock(const std::string& mount_point, Log& log);

/// Sees it from outside. Used by one thread.
class AliveWatch {
 public:
  explicit AliveWatch(std::string file) : file_(std::move(file)) {}
  struct Seen {
    bool held = false;    // somebody lives, stuck or not
    bool beaten = false;  // since the last look; true for the first look at a file
  };
  /// Nobody holds a file that is not there. Never blocks.
  Seen Look();

 private:
  const std::string file_;
  UniqueFd fd_;
  int64_t beat_ = 0;  // nanoseconds
};

}  // namespace secretfs
