// Toucher: the thread on which a session touches files by their paths (fs/session.h, ServeTouches),
// as it may get stuck there.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "fs/session.h"

namespace secretfs {

class Toucher {
 public:
  /// `session` outlives this.
  explicit Toucher(fs::Session& session);
  Toucher(const Toucher&) = delete;
  Toucher& operator=(const Toucher&) = delete;
  ~Toucher() = default;
  /// Ends it, while the session still serves. False when it is stuck: the process must then end
  /// without destroying this or the session.
  [[nodiscard]] bool Stop();

 private:
  fs::Session& session_;
  std::mutex mutex_;
  std::condition_variable end_;
  bool ended_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace secretfs
