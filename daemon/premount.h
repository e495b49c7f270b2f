// The two ends of a mount that systemd holds for a service without rights: made before its start,
// taken away at a real stop. Both run as root, in a process of their own. (secretfs(1), "premount",
// "unmount")
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"

namespace secretfs {

/// Mounts in the namespace of process 1, and leaves the descriptors with systemd; unless it has
/// them from before, and the mount is there. Errors: of entering that namespace, of mounting, of
/// systemd.
Status Premount(const std::string& mount_point, Log& log);

/// How the service ended, as systemd tells ExecStopPost=.
struct ServiceEnd {
  std::string exit_code;    // "exited", "killed"; "" for ExecStop=
  std::string exit_status;  // "3", "KILL"
};

/// Takes the mount away if the service is being stopped, or will not be started again; not if it
/// is on its way to come back.
Status UnmountAtStop(const std::string& mount_point, const ServiceEnd& end, Log& log);

/// `job` is OwnUnit::Job().
bool IsRealStop(const std::string& job, const ServiceEnd& end);

}  // namespace secretfs
