// What became of the servers of a mount, each number another one.
#pragma once

#include <chrono>

#include "daemon/survival.h"

namespace secretfs::testkit {

inline Survival SomeSurvival() {
  return {.supervisor = 42,
          .restarts = 3,
          .hung = 1,
          .resent = 5,
          .replayed = 6,
          .refused = 7,
          .restored = 8,
          .stale = 9,
          .not_reopened = {11, 12, 13, 14, 15},
          .longest_gap = std::chrono::milliseconds(46)};
}

}  // namespace secretfs::testkit
