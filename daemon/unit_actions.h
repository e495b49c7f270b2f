// UnitActions: asks the helper `secretfs actor` to restart, reload or signal units (secretfs(1),
// ON CHANGE). Never waits for PID 1, which may be waiting for a secret.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "core/consumers.h"
#include "core/snapshot.h"

namespace secretfs {

class UnitActions {
 public:
  /// `socket` is the helper's. `log` must outlive it.
  static std::unique_ptr<UnitActions> Make(std::string socket, Log& log);
  virtual ~UnitActions() = default;
  /// Sends one request, in the order of the calls, from a thread of its own; logs each, and when
  /// nobody takes it. `secret` is for the log. Does not block; the end waits for nobody either.
  virtual void Ask(const OnChange& what, const std::string& secret) = 0;
};

/// actor.sock in $RUNTIME_DIRECTORY, or in /run/secretfs.
std::string ActorSocket();

/// Warns when something of `files` asks for units and nobody is there to take that; before the
/// first change, whose request nobody would take.
void CheckForActor(const std::vector<File>& files, Log& log);

}  // namespace secretfs
