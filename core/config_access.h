// The keys that every secret and view may have: who may read it, and who is told of it. Used by
// config_load.cpp only.
#pragma once

#include <string>
#include <vector>

#include "core/access.h"
#include "core/config_read.h"

namespace secretfs::config_access {

const std::vector<std::string>& Keys();

/// What the map does not say is as in `defaults`.
Result<Access> LoadAccess(const config_read::Map& map, const Access& defaults);

}  // namespace secretfs::config_access
