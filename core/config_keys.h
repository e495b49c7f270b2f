// The top-level keys of the configuration that are about the daemon, not about single secrets: what
// opens them (identities, age plugins), and what is kept on record. Used by config_load.cpp only.
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

/// Reads `audit:`, if it is there. Errors: kInvalid, also when it is set already.
Status SetAudit(const config_read::Map& top, AuditConfig& audit);

/// Reads `credentials:`, if it is there. Errors: kInvalid, also when they are set already.
Status SetCredentials(const config_read::Map& top, CredentialsConfig& credentials);

/// Reads `offline:`, if it is there. Errors: kInvalid, also when it is set already.
Status SetOffline(const config_read::Map& top, std::optional<OfflineConfig>& offline);

}  // namespace secretfs::config_keys
