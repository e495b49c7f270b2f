#include "base/core_dumps.h"

#include <sys/resource.h>

namespace secretfs {

bool ForbidCoreDumps() noexcept {
  const rlimit one{1, 1};
  const rlimit none{0, 0};
  return ::setrlimit(RLIMIT_CORE, &one) == 0 || ::setrlimit(RLIMIT_CORE, &none) == 0;
}

}  // namespace secretfs
