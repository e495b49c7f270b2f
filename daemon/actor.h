// The actor: a helper of few rights that acts on units for the daemon, which must not wait for PID
// 1 and has no business asking it for just anything. It does what the configuration declares in
// some `on_change`, as it reads it itself, and nothing else. (secretfs(1), "actor")
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "core/config.h"
#include "daemon/unit_manager.h"

namespace secretfs {

/// What is allowed and done, without the socket.
class Actor {
 public:
  using Read = std::function<Result<Config>()>;
  Actor(Read read, UnitManager& manager, Log& log)
      : read_(std::move(read)), manager_(manager), log_(log) {}
  /// Requests that came together, in order; before them the configuration is read again. While that
  /// is not valid, what it last allowed counts.
  void Handle(std::span<const std::string> requests);

 private:
  void Learn();
  void Do(const std::string& request);

  const Read read_;
  UnitManager& manager_;
  Log& log_;
  std::set<OnChange> allowed_;
};

/// Serves the datagram socket that systemd passed, until nothing has come for half a minute.
/// Errors: kInvalid when there is no such socket; kIo.
Status RunActor(const std::string& config, UnitManager& manager, Log& log);

}  // namespace secretfs
