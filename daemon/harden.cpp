#include "daemon/harden.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>

#include "base/core_dumps.h"
#include "base/secret_heap.h"

namespace secretfs {
namespace {

constexpr rlim_t kMostDescriptors = 65536;
// A first age secret, token file and view take 1.1 MiB: OpenSSL's heap, and a slab of each size.
constexpr size_t kLeastLocked = size_t{2} << 20;

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

Status CheckLockableMemory() {
  if (secret_heap::CanLock(kLeastLocked)) return Ok{};
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return Error{Code::kResource,
               "only " + std::to_string(limit.rlim_cur >> 10U) +
                   " KiB of memory may be locked, and to keep secrets out of swap takes " +
                   std::to_string(kLeastLocked >> 10U) + " at least",
               "", "raise the limit: LimitMEMLOCK= in the unit, or `ulimit -l`"};
}

void AllowManyDescriptors() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kMostDescriptors) return;
  limit.rlim_cur = std::min(limit.rlim_max, kMostDescriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace secretfs
