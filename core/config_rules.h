// Rules of callers as the configuration writes them, in `readers` and `confine_to`. Used by
// config_access.cpp only.
#pragma once

#include <string>
#include <vector>

#include "core/access.h"
#include "core/config_read.h"

namespace secretfs::config_rules {

/// A list of user:NAME, group:NAME, unit:GLOB, user-unit:[USER/]GLOB and exe:/GLOB; `key` names it
/// in complaints. Errors: kInvalid.
Result<std::vector<CallerRule>> Read(const config_read::Map& map, const YamlNode& node,
                                     const std::string& key);

}  // namespace secretfs::config_rules
