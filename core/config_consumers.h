// `links`, `copies` and `on_change` of secrets and views: what is kept in step with them outside of
// the mount. Used by config_load.cpp only.
#pragma once

#include <string>
#include <vector>

#include "core/config_read.h"
#include "core/consumers.h"

namespace secretfs::config_consumers {

/// Errors: kInvalid.
Result<Consumers> Load(const config_read::Map& map);

/// No link or copy may be declared twice, nor below another one, by whatever secrets and views, nor
/// below `mount_point`, if that is known. Errors: kInvalid.
Status CheckPaths(const Config& config, const std::string& mount_point);

}  // namespace secretfs::config_consumers
