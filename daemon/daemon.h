// The daemon: mounts, serves until it is told to stop, unmounts. Owns every thread (ARCHITECTURE.md
// lists them).
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"

namespace secretfs {

struct DaemonOptions {
  std::string config_file;
  std::string mount_point;
  std::string version;  // of the program, for the status
};

/// Serves until SIGTERM, SIGINT or SIGHUP, or until the mount is taken away. Tells systemd when it is
/// ready, and logs what it does. Call once, from the main thread, before any other thread exists.
/// Errors: the configuration's, the mount's.
Status RunDaemon(const DaemonOptions& options, Log& log);

}  // namespace secretfs
