// The configuration's files: config.yaml, and config.d/*.yaml beside it in name order.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "core/config.h"

namespace secretfs {

/// Reads and loads them, with the kinds of source and view that this program has. `file` may be
/// relative. Errors: those of LoadConfig; kNotFound with a hint when `file` is missing.
Result<Config> ReadConfig(const std::string& file, const ConfigDefaults& defaults);

/// Absolute paths to watch: when one changes, the configuration may have changed. One that ends in
/// a slash is a folder, and is about the names in it.
std::vector<std::string> ConfigPaths(const std::string& file);

/// /run/secrets; for a user other than root $XDG_RUNTIME_DIR/secrets.
std::string DefaultMountPoint();
/// Without '.', '..' and a slash at the end. Looks at nothing.
std::string AbsolutePath(const std::string& path);
/// Files belong to root, or to the user who mounts.
ConfigDefaults DefaultsForThisUser(const std::string& mount_point = DefaultMountPoint());

/// /etc/secretfs/config.yaml; for a user other than root ~/.config/secretfs/config.yaml.
std::string DefaultConfigFile();
/// The file that lists what is kept outside of this mount: KIND-MOUNTPOINT in $STATE_DIRECTORY, in
/// /var/lib/secretfs, or for a user other than root in ~/.local/state/secretfs. `kind`: "links".
std::string RecordOf(const std::string& kind, const std::string& mount_point);
/// The same for what does not outlive a boot: in $RUNTIME_DIRECTORY, in /run/secretfs-keeper, or
/// for a user other than root in $XDG_RUNTIME_DIR/secretfs.
std::string RecordOfThisBoot(const std::string& kind, const std::string& mount_point);
/// What may be lost, but should outlive a boot: the first folder of $CACHE_DIRECTORY, as systemd
/// gives it, /var/cache/secretfs, or for a user other than root ~/.cache/secretfs.
std::string CacheFolder();
/// Where sockets and the like are: the first folder of $RUNTIME_DIRECTORY, as systemd gives it; ""
/// without one.
std::string RuntimeFolder();

}  // namespace secretfs
