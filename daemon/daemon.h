// The daemon: mounts, serves until it is told to stop, unmounts. Owns every thread (ARCHITECTURE.md
// lists them).
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "daemon/assemble.h"
#include "daemon/takeover.h"

namespace secretfs {

struct DaemonOptions {
  std::string config_file;  // to read again; what was read is given besides
  ConfigDefaults defaults;
  std::string mount_point;
  std::string version;  // of the program, for the status
};

/// Serves `assembly`, made from `config`, until SIGTERM or SIGINT, or until the mount is taken
/// away. Reads the configuration again at SIGHUP, and when its files change. Tells systemd when it
/// is ready, and logs what it does. Call once, from the main thread, before any other thread
/// exists. With a `takeover` it does not mount, and obeys its supervisor, who speaks to systemd;
/// without that one it goes on until SIGTERM. Errors: the mount's, the audit file's.
Status RunDaemon(const DaemonOptions& options, const Config& config, Assembly assembly, Log& log,
                 std::optional<Takeover> takeover = {});

}  // namespace secretfs
