// The guard: ends the connection of a mount that nobody serves any more while somebody waits in it.
// It is for the one who may be waiting being process 1, which then can neither start again what
// would answer nor anything else: so the guard is a process of a unit of its own, runs already, and
// asks neither process 1 nor the mount.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace secretfs {

/// How long it must be so before the guard acts. A restart of all takes less, also on a machine
/// that has much else to do, and costs nobody an error.
struct GuardPatience {
  std::chrono::milliseconds gone{15'000};   // nobody holds the lock of AliveLock
  std::chrono::milliseconds stuck{20'000};  // somebody does, and does not mark it
};

/// When it is time. Used by one thread.
class GuardJudge {
 public:
  explicit GuardJudge(GuardPatience patience) : patience_(patience) {}
  struct Seen {
    bool held = false;
    bool beaten = false;
    uint64_t waiting = 0;
  };
  /// To be told once a second. A pause of much more, as when the guard itself was stopped, counts
  /// for nothing.
  bool IsTime(const Seen& seen, SteadyTime now);

 private:
  GuardPatience patience_;
  std::optional<SteadyTime> last_;
  std::optional<SteadyTime> gone_since_;
  std::optional<SteadyTime> stuck_since_;
};

struct GuardOptions {
  std::string mount_point;  // absolute, without symlinks
  std::string alive_file;
  GuardPatience patience;
  std::string connections;  // the control file system of FUSE
};

/// Watches until the process is killed. Logs only when it has acted. Errors: of the system, at the
/// start.
Status RunGuard(const GuardOptions& options, Log& log);

}  // namespace secretfs
