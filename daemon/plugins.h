// The age plugins of the configuration: what they say goes to the log as plugin_said.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "core/config.h"
#include "crypto/plugin.h"

namespace secretfs {

/// Null when no folder of plugins is configured. `log` must outlive the result.
age::PluginHostPtr MakePlugins(const std::optional<PluginsConfig>& config,
                               const std::string& credentials_directory, Log& log);

}  // namespace secretfs
