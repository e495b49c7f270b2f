#include "daemon/reaper.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"

namespace secretfs {
namespace {

/// Nothing here takes memory: the other thread forks.
void Reap(const UniqueFd& from) noexcept {
  for (;;) {
    pid_t child = 0;
    const ssize_t n = ::read(from.get(), &child, sizeof(child));
    if (n < 0 && errno == EINTR) continue;
    if (n != sizeof(child)) return;
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace

Result<Reaper> Reaper::Start() {
  int pair[2];
  if (::pipe2(pair, O_CLOEXEC) != 0) return SystemError(errno, "cannot make a pipe", "");
  return Reaper(UniqueFd(pair[1]), UniqueFd(pair[0]));
}

Reaper::Reaper(UniqueFd to, UniqueFd from)
    : thread_([own = std::move(from)] { Reap(own); }), to_(std::move(to)) {}

void Reaper::Take(pid_t child) noexcept { (void)!::write(to_.get(), &child, sizeof(child)); }

}  // namespace secretfs
