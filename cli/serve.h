// What mount and server do alike: read the configuration, make what is to be served, serve it.
#pragma once

#include <optional>

#include "cli/exit_code.h"
#include "core/config.h"
#include "daemon/takeover.h"

namespace secretfs {

struct ServeOptions {
  std::string config;
  std::string mount_point;
  ConfigDefaults defaults;
  bool debug = false;
};

/// Until it ends; what is wrong is printed.
ExitCode Serve(const ServeOptions& options, std::optional<Takeover> takeover = {});

}  // namespace secretfs
