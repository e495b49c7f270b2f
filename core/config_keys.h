// The part of the configuration that says what opens secrets: identities, their passphrases, and
// age plugins. Used by config_load.cpp only.
#pragma once

#include <optional>
#include <vector>

#include "core/config.h"
#include "core/config_read.h"

namespace secretfs::config_keys {

/// Appends what `identities:` lists, if it is there. Errors: kInvalid.
Status AddIdentities(const config_read::Map& top, std::vector<IdentityConfig>& identities);

/// Reads `plugins:`, if it is there. Errors: kInvalid, also when they are set already.
Status SetPlugins(const config_read::Map& top, std::optional<PluginsConfig>& plugins);

}  // namespace secretfs::config_keys
