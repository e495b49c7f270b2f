#include "daemon/harden.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/core_dumps.h"

namespace secretfs {
namespace {

constexpr rlim_t kMostDescriptors = 65536;

}  // namespace

void HardenProcess() noexcept {
  ForbidCoreDumps();
#if !defined(__SANITIZE_ADDRESS__)  // its leak checker attaches by ptrace
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

bool LockAllMemory() noexcept {
  // With a finite limit and MCL_FUTURE, allocations would fail later instead.
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) return false;
  return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

void AllowManyDescriptors() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kMostDescriptors) return;
  limit.rlim_cur = std::min(limit.rlim_max, kMostDescriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace secretfs
