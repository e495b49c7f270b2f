// Time as a dependency: everything that waits or stamps takes a Clock, so that tests need not wait.
#pragma once

#include <chrono>

namespace secretfs {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime Steady() const = 0;  // for deadlines
  [[nodiscard]] virtual WallTime Wall() const = 0;      // for people and file times
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime Steady() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime Wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace secretfs
