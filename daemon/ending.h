// How serving ends, and the wait for it.
#pragma once

#include <functional>

#include "base/log.h"
#include "daemon/takeover.h"

namespace secretfs {

enum class Ending {
  kUnmount,  // we were told to, and the mount is ours
  kGone,     // the mount was taken away
  kEnd,      // our supervisor takes it away
  kLeave,    // another process goes on with it
};

struct EndingWaits {
  int signals;                 // as BlockSignals() gives it
  int receiver_ended;          // an eventfd: nothing is received any more
  SupervisorLink* supervisor;  // null without one
  Log& log;
  std::function<void()> beat;    // at least once a second
  std::function<void()> reload;  // at SIGHUP
};

Ending AwaitEnd(const EndingWaits& waits);

}  // namespace secretfs
