// A clock that stands still until a test moves it. Thread-safe.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace secretfs::testkit {

class FakeClock final : public Clock {
 public:
  /// Both times move together; the wall starts at 2001-09-09 01:46:40 UTC.
  void Advance(std::chrono::nanoseconds by) { passed_ += by.count(); }

  [[nodiscard]] SteadyTime Steady() const override {
    return SteadyTime(std::chrono::hours(1)) + Passed<SteadyTime::duration>();
  }
  [[nodiscard]] WallTime Wall() const override {
    return WallTime(std::chrono::seconds(1'000'000'000)) + Passed<WallTime::duration>();
  }

 private:
  template <class Duration>
  [[nodiscard]] Duration Passed() const {
    return std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(passed_.load()));
  }
  std::atomic<int64_t> passed_ = 0;
};

}  // namespace secretfs::testkit
