// The descriptors of a connection that systemd keeps for us while we are not there: its file
// descriptor store (sd_notify(3), FDSTORE=1). `fuse`, `state` and `root`.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/notify.h"

namespace secretfs {

struct ConnectionDescriptors {
  UniqueFd device;
  UniqueFd state;
  UniqueFd root;  // none for a user's mount
};

/// Takes those that systemd passed to us. Errors: kNotFound when they are not all there.
Result<ConnectionDescriptors> TakeStored();

/// Has systemd keep them for this unit, and waits until it does, at most five seconds. PID 1 does
/// not poll the connection, which would cost it a wake-up for each request. Errors: kUnavailable
/// when they may not be there now; kTimeout.
Status Store(const ConnectionDescriptors& descriptors);

/// Has systemd close those that it keeps.
void ForgetStored(Notifier& manager);

/// How many there are when all is well.
inline constexpr unsigned kStoredDescriptors = 3;

}  // namespace secretfs
