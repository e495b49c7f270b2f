#include "fs/program.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>

#include "base/unique_fd.h"

namespace secretfs::fs {
namespace {

constexpr int kTries = 4;  // a path is not taken from the cache while something is renamed

std::string LinkOf(pid_t thread) { return "/proc/" + std::to_string(thread) + "/exe"; }

/// Of what is in the kernel's cache, without asking any file system for more.
UniqueFd OpenCached(const std::string& path) {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_CACHED;
  long fd = -1;
  for (int i = 0; i < kTries && fd < 0; ++i) {
    fd = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
    if (fd < 0 && errno != EAGAIN) break;
  }
  return UniqueFd(static_cast<int>(fd));
}

/// What the file system says of a file for others to find it by. An overlay, which any user may
/// make, can show a file with the numbers of another one, but not with such a handle.
class Handle {
 public:
  explicit Handle(int fd) {
    file_handle& head = *reinterpret_cast<file_handle*>(room_.data());
    head.handle_bytes = MAX_HANDLE_SZ;
    int mount = 0;
    if (::name_to_handle_at(fd, "", &head, &mount, AT_EMPTY_PATH) == 0) {
      used_ = sizeof head + head.handle_bytes;
    } else {
      error_ = errno;
    }
  }
  bool operator==(const Handle& other) const {
    return error_ == other.error_ && used_ == other.used_ &&
           std::memcmp(room_.data(), other.room_.data(), used_) == 0;
  }

 private:
  alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> room_{};
  size_t used_ = 0;
  int error_ = 0;
};

std::optional<struct statx> NumbersOf(int fd) {
  struct statx numbers {};
  const int failed =
      ::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_TYPE, &numbers);
  return failed == 0 ? std::optional(numbers) : std::nullopt;
}

bool SameFile(int one, int other) {
  const auto a = NumbersOf(one);
  const auto b = NumbersOf(other);
  return a && b && a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
         a->stx_dev_minor == b->stx_dev_minor && Handle(one) == Handle(other);
}

}  // namespace

std::string ProgramOf(pid_t thread) {
  std::array<char, PATH_MAX> target{};
  const ssize_t n = ::readlink(LinkOf(thread).c_str(), target.data(), target.size());
  return n <= 0 ? "" : std::string(target.data(), static_cast<size_t>(n));
}

bool SeesProgramsOfOthers() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  return ::syscall(SYS_capget, &header, sets.data()) == 0 &&
         (sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective & CAP_TO_MASK(CAP_SYS_PTRACE)) != 0;
}

bool IsProgramOf(pid_t thread, const std::string& path) {
  const UniqueFd here = OpenCached(path);
  if (!here) return false;
  const UniqueFd there(::open(LinkOf(thread).c_str(), O_PATH | O_CLOEXEC));
  return there && SameFile(there.get(), here.get());
}

}  // namespace secretfs::fs
