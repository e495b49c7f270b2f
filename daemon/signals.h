// The signals that the daemon obeys, as a descriptor to wait for.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

enum class Order {
  kNone,
  kReload,  // SIGHUP
  kEnd,     // SIGTERM, SIGINT, and SIGHUP of a terminal that is gone
  kChild,   // SIGCHLD
};

/// Blocks them in this thread and in all that it starts from now on; SIGCHLD only for who has
/// `children`. Errors: of the system.
Result<UniqueFd> BlockSignals(bool children = false);

/// What the next signal means. Blocks until there is one.
Order NextOrder(int signals);

}  // namespace secretfs
