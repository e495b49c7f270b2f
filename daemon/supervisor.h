// The supervisor: a process that knows no secret, and holds what a mount consists of (the
// connection, its state, a copy of the mount) while servers come and go. It starts the server, and
// a new one when that dies or hangs; after SIGHUP it replaces itself and the server if the program
// is another file by now. (secretfs(1), "supervise")
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace secretfs {

struct SuperviseOptions {
  std::string config;
  std::string mount_point;
  std::string program;  // absolute: what is to run from the next SIGHUP on
  bool stored = false;  // systemd keeps the descriptors, and mounted
  std::vector<std::string> server_options;

  /// What the program that this one was before leaves to it, by number.
  struct Legacy {
    int device = -1;
    int state = -1;
    int root = -1;
    pid_t server = 0;
    int control = -1;
    pid_t next = 0;
    int next_control = -1;
    std::optional<int> oom_score;  // of servers, if it is another than ours
  };
  std::optional<Legacy> legacy;
};

/// Of the/// Mounts, unless that is done, and sees to it that the mount is served, until SIGTERM or
/// SIGINT, or until it is taken away. The exit code. Errors: of mounting.
Result<int> RunSupervisor(const SuperviseOptions& options, Log& log);

}  // namespace secretfs
