// Mounting and unmounting: a FUSE connection at a folder, read-only, nosuid, nodev, noexec. Root
// mounts by mount(2), others through the setuid helper fusermount3.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs::fs {

struct Mount {
  std::string path;      // absolute, without symlinks
  UniqueFd device;       // the /dev/fuse connection, non-blocking
  bool shared = false;   // other users may look in (allow_other); root's mounts always
  bool covered = false;  // the folder was not empty, and what is in it is hidden now
};

/// Makes the folder if it is missing, and takes a dead secretfs mount away from it first. Errors:
/// kInvalid when it is no folder, or a live secretfs is mounted there; kPermission; kUnavailable
/// without /dev/fuse or fusermount3.
Result<Mount> MountAt(const std::string& path);

/// Takes the mount away from the tree; who has files open keeps them until the connection closes.
/// Errors: kIo.
Status Unmount(const std::string& path);

}  // namespace secretfs::fs
