#include "daemon/survival.h"

#include <algorithm>

namespace secretfs {

Survival SurvivalOf(fs::State& state, pid_t supervisor) {
  const fs::Counters& counters = state.counters();
  const uint64_t servers = counters.generations;
  Survival survival{.supervisor = supervisor,
                    .restarts = servers == 0 ? 0 : servers - 1,
                    .hung = counters.stalls,
                    .resent = counters.resent,
                    .replayed = counters.replayed,
                    .refused = counters.refused,
                    .restored = counters.restored,
                    .stale = counters.stale,
                    .not_reopened = {},
                    .longest_gap = std::chrono::milliseconds(counters.longest_gap)};
  for (size_t i = 0; i < fs::kReopenReasons; ++i)
    survival.not_reopened[i] = state.not_reopened(static_cast<fs::ReopenFailure::Reason>(i));
  return survival;
}

void NoteGap(fs::State& state) noexcept {
  const int64_t last = state.last_beat();
  if (last <= 0) return;
  const auto gap = static_cast<uint64_t>(std::max<int64_t>(0, fs::State::Now() - last));
  std::atomic<uint64_t>& longest = state.counters().longest_gap;
  uint64_t known = longest;
  while (gap > known && !longest.compare_exchange_weak(known, gap)) {
  }
}

}  // namespace secretfs
