// Mounting and unmounting: a FUSE connection at a folder, read-only, nosuid, nodev, noexec. Root
// mounts by fsmount(2), others through the setuid helper fusermount3.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs::fs {

struct Mount {
  std::string path;      // absolute, without symlinks
  UniqueFd device;       // the /dev/fuse connection, non-blocking
  bool shared = false;   // other users may look in (allow_other); root's mounts always
  bool covered = false;  // the folder was not empty, and what is in it is hidden now
  uint64_t id = 0;       // of root's mounts, as in /proc/self/mountinfo; 0 when it was adopted
  uid_t owner = 0;       // whose mount it is, who need not be who serves it
  gid_t group = 0;
  UniqueFd root;  // what WritableCopy() gave when it was mounted, if it is kept; for touching
};

/// Makes the folder if it is missing, and takes a dead secretfs mount away from it first. Errors:
/// kInvalid when it is no folder, or a live secretfs is mounted there; kPermission; kUnavailable
/// without /dev/fuse or fusermount3.
Result<Mount> MountAt(const std::string& path);

/// A mount that is there already, by the descriptors that who made it passed on: `device` is its
/// connection, `root` (if there is one) a writable copy of it. Asks mountinfo alone, as nobody need
/// be serving it. `path` is absolute, without symlinks. Errors: kNotFound when no secretfs is
/// mounted there.
Result<Mount> AdoptMount(const std::string& path, UniqueFd device, UniqueFd root);

/// The root of a copy of root's mount that can be written to, and that nobody else can reach: what
/// is opened through it passes the `ro` of the mount by, so that Touch (fs/touch.h) can make
/// inotify tell of a change. The copy keeps the file system alive after an unmount from outside, so
/// it is not for keeping. Errors: kUnsupported when there can be none, as for a user's mount;
/// kNotFound when the mount is gone.
Result<UniqueFd> WritableCopy(const Mount& mount);

/// The user who made the mount at `path`, as the kernel has it, which whoever serves it cannot
/// forge. Errors: kNotFound when no secretfs is mounted there.
Result<uid_t> MountedBy(const std::string& path);

/// Takes every secretfs mount at `path` away, alive or dead, without asking any. Errors: kIo.
Status UnmountAll(const std::string& path);

/// Fails all that waits for the connection with this number ("MAJOR:MINOR"), and all that comes,
/// whoever else holds its descriptor: a server that was killed may keep it for ever, if it waits
/// for its own mount. For who mounted. False without fusectl.
bool AbortConnection(const std::string& device);

/// Takes the topmost secretfs mount at `path` away and lets its readers go, as nobody is to serve
/// it any more: aborts the connection. Errors: kNotFound when there is none; kIo.
Status Abandon(const std::string& path);
/// The same with every one, as UnmountAll() does.
Status AbandonAll(const std::string& path);

/// Takes the mount away from the tree; who has files open keeps them until the connection closes.
/// Errors: kIo.
Status Unmount(const std::string& path);

}  // namespace secretfs::fs
