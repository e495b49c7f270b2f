// What the kernel tells of a thread without its /proc text (Linux 6.13), and the units that follow
// from it. The text costs as much as all the rest of an open where there are many hierarchies.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "core/unit.h"

namespace secretfs::fs {

struct ThreadInfo {
  pid_t process = 0;    // that the thread is of
  uint64_t cgroup = 0;  // its number in the unified hierarchy; 0 when it cannot be told
};

/// Knows units by the number of their cgroup, which the kernel never uses for another one, and
/// whose path cannot change. Thread-safe; its memory and descriptors are bounded.
class ThreadUnits {
 public:
  static constexpr size_t kMost = 1024;       // cgroups that are known
  static constexpr size_t kDescriptors = 64;  // of threads that asked before

  /// Empty on older kernels, and for a thread that is not there.
  std::optional<ThreadInfo> Ask(pid_t thread);
  /// The units of a thread of which `info` was told. Reads the text when that says too little: the
  /// thread is in the root of the unified hierarchy, as all are where systemd does not use it.
  Units Of(pid_t thread, const std::optional<ThreadInfo>& info);
  [[nodiscard]] size_t known() const;

 private:
  /// A descriptor of a thread; making one costs several times what it costs to ask it. It answers
  /// for that thread alone, so while it answers no other one has the number.
  struct Known {
    pid_t thread = 0;
    UniqueFd fd;
  };
  void Keep(uint64_t cgroup, const Units& units);

  std::atomic<bool> can_ask_{true};
  mutable std::mutex mutex_;  // guards what follows
  std::array<Known, kDescriptors> threads_;
  std::map<uint64_t, Units> units_;
};

/// The text of /proc/THREAD/cgroup; empty when it cannot be told.
std::string CgroupTextOf(pid_t thread);

}  // namespace secretfs::fs
