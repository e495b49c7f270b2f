#include "daemon/alive_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

constexpr int kTries = 100;
constexpr int kPause = 10;  // milliseconds; the guard has it for a moment only

/// Not for others to open: whoever can, can lock it.
constexpr mode_t kMode = 0600;

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

}  // namespace

Result<AliveLock> AliveLock::Take(const std::string& file) {
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kMode));
  if (!fd) return SystemError(errno, "cannot open", file);
  for (int i = 0; ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK && errno != EINTR) return SystemError(errno, "cannot lock", file);
    if (i == kTries) return Error{Code::kUnavailable, "is locked by somebody else", file, ""};
    ::poll(nullptr, 0, kPause);
  }
  AliveLock lock(std::move(fd));
  lock.Beat();
  return lock;
}

void AliveLock::Beat() const noexcept { ::futimens(fd_.get(), nullptr); }

std::string AliveFile(const std::string& folder, const std::string& mount_point) {
  std::string name = mount_point;
  std::ranges::replace(name, '/', '-');
  return folder + "/alive" + name;
}

std::optional<AliveLock> TakeAliveLock(const std::string& mount_point, Log& log) {
  const std::string folder = RuntimeFolder();
  if (folder.empty()) return std::nullopt;
  auto taken = AliveLock::Take(AliveFile(folder, mount_point));
  if (taken) return *std::move(taken);
  log.Warning("not_guarded", {{"reason", taken.error().Text()}});
  return std::nullopt;
}

AliveWatch::Seen AliveWatch::Look() {
  struct stat there {};
  struct stat ours {};
  const bool exists = ::lstat(file_.c_str(), &there) == 0 && S_ISREG(there.st_mode);
  const bool same = fd_ && ::fstat(fd_.get(), &ours) == 0 && exists &&
                    ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
  if (!same) {
    beat_ = 0;
    fd_.reset(exists ? ::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1);
  }
  Seen seen;
  if (!fd_ || ::fstat(fd_.get(), &ours) != 0) return seen;
  seen.held = ::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0;
  if (!seen.held) ::flock(fd_.get(), LOCK_UN);
  const int64_t beat = Nanoseconds(ours.st_mtim);
  seen.beaten = beat != beat_;
  beat_ = beat;
  return seen;
}

}  // namespace secretfs
