// What became of the servers of one mount, for the status and the metrics: it outlives them.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>

#include "fs/state.h"

namespace secretfs {

struct Survival {
  pid_t supervisor = 0;
  uint64_t restarts = 0;  // servers after the first
  uint64_t hung = 0;      // of those before, that were ended since they did nothing
  uint64_t resent = 0;    // requests that the kernel gave a second time
  uint64_t replayed = 0;  // requests that were served from the state
  uint64_t refused = 0;   // requests that there was no room to write down
  uint64_t restored = 0;  // open files that went on in a later server
  uint64_t stale = 0;     // open files that could not, as they have another version now
  std::array<uint64_t, fs::kReopenReasons> not_reopened{};  // by fs::ReopenFailure::Reason
  std::chrono::milliseconds longest_gap{};                  // for which nobody served
};

Survival SurvivalOf(fs::State& state, pid_t supervisor);

/// To be called by each server before its first Beat(): how long nobody served by then.
void NoteGap(fs::State& state) noexcept;

}  // namespace secretfs
