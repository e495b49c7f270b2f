// How a remote source is, for the status and the metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace secretfs {

enum class SourceState {
  kUntried,
  kWell,     // the newest request was answered
  kFailing,  // it does not answer, or not sensibly; asked again with growing pauses
  kLimited,  // it, or our own budget, allows no requests for now
  kRefused,  // it does not take our token
};

struct SourceHealth {
  std::string name;  // of the source in the configuration
  std::string kind;
  SourceState state = SourceState::kUntried;
  std::optional<Error> error;         // of the newest request that failed, if none succeeded since
  std::optional<WallTime> succeeded;  // the newest
  std::optional<WallTime> failed;
  std::optional<WallTime> not_before;  // it is not asked before then
  unsigned in_flight = 0;              // requests
  uint64_t requests = 0;               // counted in the present day of the budget
  std::optional<uint64_t> budget;      // of a day
};

}  // namespace secretfs
