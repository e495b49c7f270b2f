// Health: once a second opens and reads a file of ours (daemon/own_file.h) through the mount, as
// anybody would, and says so when it had what it should have. On a thread of its own, as nobody may
// be answering.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "fs/mount.h"

namespace secretfs {

class Health {
 public:
  /// `well` is called on the thread; `mount` outlives this.
  Health(const fs::Mount& mount, std::function<void()> well);
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;
  ~Health() = default;
  /// Ends it. False when it is stuck, as nobody answers: the process must then end without
  /// destroying this.
  [[nodiscard]] bool Stop();

 private:
  void Work(const std::stop_token& stop);
  [[nodiscard]] bool Check() const;

  const fs::Mount& mount_;
  const std::function<void()> well_;
  const std::string expected_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool ended_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace secretfs
