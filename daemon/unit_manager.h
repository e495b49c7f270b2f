// UnitManager: who acts on units. The real one is PID 1, asked over its private socket, which is
// there without a D-Bus daemon.
#pragma once

#include <memory>

#include "base/result.h"
#include "core/consumers.h"

namespace secretfs {

class UnitManager {
 public:
  virtual ~UnitManager() = default;
  /// Done once it is queued: what it starts may be waiting for us. Errors: kNotFound for a unit
  /// that is not there, kPermission, kUnavailable when the manager does not answer, kIo.
  virtual Status Do(const OnChange& action) = 0;
};

/// Connects when it is first needed, and again after a failure. `socket` is systemd's.
std::unique_ptr<UnitManager> SystemdManager(std::string socket = "/run/systemd/private");

}  // namespace secretfs
