// Symlinks outside of the mount that lead into it (secretfs.yaml(5), "links"). Each is made in one
// step; nothing is replaced but a symlink of ours. Which ones are ours is kept in a file, so that
// those no longer declared are removed, also after a restart.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace secretfs {

/// Brings the links in accordance with `wanted`, which maps the path of each to where it leads.
/// `record` is the file that lists ours; while it is not there, `before` is, that of an older
/// version, if there is one. Gives what could not be done; the rest is done.
std::vector<Error> SyncLinks(const std::map<std::string, std::string>& wanted,
                             const std::string& record, const std::string& before = "");

}  // namespace secretfs
