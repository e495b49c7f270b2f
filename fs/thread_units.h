// What the kernel tells of a thread without its /proc text (Linux 6.13), and the units that follow
// from it. The text costs as much as all the rest of an open where there are many hierarchies.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/unit.h"

namespace secretfs::fs {

struct ThreadInfo {
  pid_t process = 0;    // that the thread is of
  uint64_t cgroup = 0;  // its number in the unified hierarchy; 0 when it cannot be told
};

/// Knows units by the number of their cgroup, which the kernel never uses for another one, and
/// whose path cannot change. Thread-safe; its memory is bounded.
class ThreadUnits {
 public:
  static constexpr size_t kMost = 1024;  // cgroups that are known

  /// Empty on older kernels, and for a thread that is not there.
  std::optional<ThreadInfo> Ask(pid_t thread);
  /// The units of a thread of which `info` was told. Reads the text when that says too little: the
  /// thread is in the root of the unified hierarchy, as all are where systemd does not use it.
  Units Of(pid_t thread, const std::optional<ThreadInfo>& info);
  [[nodiscard]] size_t known() const;

 private:
  void Keep(uint64_t cgroup, const Units& units);

  std::atomic<bool> can_ask_{true};
  mutable std::mutex mutex_;
  std::map<uint64_t, Units> units_;
};

/// The text of /proc/THREAD/cgroup; empty when it cannot be told.
std::string CgroupTextOf(pid_t thread);

}  // namespace secretfs::fs
