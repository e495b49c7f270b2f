// A log that keeps its lines, each as "warning event=x key=value". Thread-safe.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace secretfs::testkit {

class RecordingLog final : public Log {
 public:
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  /// How many lines have `part` somewhere in them.
  [[nodiscard]] size_t Count(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count_if(
        lines_.begin(), lines_.end(),
        [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }

 private:
  void Write(Level level, const std::string& line) override {
    static constexpr const char* kNames[] = {"debug ", "info ", "warning ", "error "};
    const std::lock_guard lock(mutex_);
    lines_.push_back(kNames[static_cast<size_t>(level)] + line);
  }

  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace secretfs::testkit
