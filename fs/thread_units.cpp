#include "fs/thread_units.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"

namespace secretfs::fs {
namespace {

constexpr size_t kMostText = size_t{16} * 1024;  // a dozen hierarchies with long paths

// The C library's headers are older than these.
constexpr unsigned kThread = O_EXCL;  // PIDFD_THREAD, Linux 6.9
constexpr uint64_t kWantCgroup = 4;   // PIDFD_INFO_CGROUPID

/// struct pidfd_info as Linux 6.13 has it, which later ones accept.
struct PidfdInfo {
  uint64_t mask = 0;
  uint64_t cgroup = 0;
  uint32_t thread = 0;
  uint32_t process = 0;
  std::array<uint32_t, 9> parent_and_users{};
  int32_t exit_code = 0;
};
static_assert(sizeof(PidfdInfo) == 64);

const auto kGetInfo = _IOWR(0xFF, 11, PidfdInfo);  // PIDFD_GET_INFO

/// That a thread is gone, or that there are no descriptors left, says nothing of the next one.
bool IsUnsupported(int error) noexcept {
  return error == EINVAL || error == ENOSYS || error == EPERM || error == ENOTTY ||
         error == EOPNOTSUPP;
}

/// 0 or the errno.
int OpenThread(pid_t thread, UniqueFd& fd) noexcept {
  fd.reset(static_cast<int>(::syscall(SYS_pidfd_open, thread, kThread)));
  return fd ? 0 : errno;
}

/// 0 or the errno; ESRCH when the thread has ended.
int AskKernel(int fd, ThreadInfo& answer) noexcept {
  PidfdInfo info;
  info.mask = kWantCgroup;
  if (::ioctl(fd, kGetInfo, &info) != 0) return errno;
  answer.process = static_cast<pid_t>(info.process);
  answer.cgroup = (info.mask & kWantCgroup) != 0 ? info.cgroup : 0;
  return 0;
}

}  // namespace

/// The kernel gives such a file as a whole or not at all. Empty for one that is longer than any.
std::string CgroupTextOf(pid_t thread) {
  const std::string file = "/proc/" + std::to_string(thread) + "/cgroup";
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return "";
  std::array<char, kMostText> text;  // not filled: this may be on every open
  const ssize_t n = ::read(fd.get(), text.data(), text.size());
  const bool whole = n > 0 && static_cast<size_t>(n) < text.size();
  return whole ? std::string(text.data(), static_cast<size_t>(n)) : "";
}

std::optional<ThreadInfo> ThreadUnits::Ask(pid_t thread) {
  if (thread <= 0 || !can_ask_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  Known& known = threads_[static_cast<size_t>(thread) % threads_.size()];
  ThreadInfo info;
  if (known.thread == thread && AskKernel(known.fd.get(), info) == 0) return info;
  int error = OpenThread(thread, known.fd);
  if (error == EMFILE || error == ENFILE) {
    threads_ = {};
    error = OpenThread(thread, known.fd);
  }
  known.thread = thread;
  if (error == 0) error = AskKernel(known.fd.get(), info);
  if (error == 0) return info;
  known = {};
  if (IsUnsupported(error)) can_ask_ = false;
  return std::nullopt;
}

Units ThreadUnits::Of(pid_t thread, const std::optional<ThreadInfo>& info) {
  const uint64_t cgroup = info ? info->cgroup : 0;
  if (cgroup != 0) {
    const std::lock_guard lock(mutex_);
    if (const auto found = units_.find(cgroup); found != units_.end()) return found->second;
  }
  const std::string text = CgroupTextOf(thread);
  Units units = UnitsOf(text);
  if (cgroup != 0 && IsDecidedByUnified(text)) {
    // Moved while the text was read, it may be the text of another cgroup.
    const auto after = Ask(thread);
    if (after && after->cgroup == cgroup) Keep(cgroup, units);
  }
  return units;
}

void ThreadUnits::Keep(uint64_t cgroup, const Units& units) {
  const std::lock_guard lock(mutex_);
  if (units_.size() >= kMost) units_.clear();
  units_.insert_or_assign(cgroup, units);
}

size_t ThreadUnits::known() const {
  const std::lock_guard lock(mutex_);
  return units_.size();
}

}  // namespace secretfs::fs
