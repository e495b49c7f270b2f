// The sandbox of a server (daemon/sandbox.h), as its configuration wants it.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "core/config.h"
#include "daemon/sandbox.h"

namespace secretfs {

class ServerSandbox {
 public:
  /// Of a mount that others made: at `mount_point`, by root if `touched` (as in SandboxPlaces) is
  /// one. Says what is in force. None where it may fall to this process to unmount, as systemd does
  /// not see to that; where the kernel refuses; or where rules of programs or the
  /// audit have to tell which program somebody runs, and without Landlock could: in it nobody can.
  static std::optional<ServerSandbox> Enter(const Config& config, const std::string& mount_point,
                                            int touched, Log& log);

  /// Whether a later configuration can be served from within. Errors: kInvalid, with a hint.
  [[nodiscard]] Status Fits(const Config& config) const;

 private:
  ServerSandbox(Sandbox sandbox, bool hides_programs)
      : sandbox_(std::move(sandbox)), hides_programs_(hides_programs) {}

  Sandbox sandbox_;
  bool hides_programs_;
};

/// Where it writes: the folders of the audit and of its sockets, those that systemd gave it, and
/// those of links; what it runs: plugins.
SandboxPlaces PlacesOf(const Config& config, const std::string& mount_point, int touched);

}  // namespace secretfs
