// Health: asks through the mount, as anybody would, whether it is served. First the root of the
// mount for its attributes, then once a second a file of ours (daemon/own_file.h), by opening and
// reading it; only the root where there is no copy of the mount, as what is kept open in the mount
// itself would keep others from unmounting it. Nothing here walks a path in the mount but a thread
// that nobody waits for: whoever can look into a folder can keep its lock. On threads of its own,
// as nobody may be answering.
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
  /// Ends it. False when a thread is stuck, as nobody answers or somebody keeps a lock: the process
  /// must then end without destroying this.
  [[nodiscard]] bool Stop();

 private:
  void Work(const std::stop_token& stop);
  void Find(const std::stop_token& stop);
  [[nodiscard]] bool Check();
  [[nodiscard]] bool Answers() const;
  [[nodiscard]] bool Reads(int file) const;

  const fs::Mount& mount_;
  const std::function<void()> well_;
  const std::string expected_;
  bool answered_ = false;  // of the thread
  std::mutex mutex_;
  std::condition_variable_any wake_;
  UniqueFd file_;  // O_PATH, once it was found
  bool wanted_ = false;
  bool ended_ = false;
  bool finder_ended_ = false;
  std::jthread finder_;  // last: they use all of the above
  std::jthread thread_;
};

/// Whether who serves the mount answers for its root, which `root` is (O_PATH will do). Asks him,
/// whatever the kernel remembers; takes no lock of a folder.
bool AnswersFor(int root) noexcept;

}  // namespace secretfs
