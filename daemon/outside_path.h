// Paths outside of the mount at which we keep something, such as links and copies. Their folders
// may be somebody else's, such as /var/lib/app of the user app: what is made there is made,
// replaced and removed by the descriptor of the folder. Its owner can turn or move what we made,
// and could before; what he cannot do is to lead us elsewhere: symlinks on the way are followed
// only if they are root's or ours.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

/// May refuse a folder before something is made in it.
using CheckFolder = std::function<Status(int folder)>;

/// The folder that `path` is in. `make`: with those that are missing, none of them in a folder that
/// `check` refuses. `what` names the thing in errors: "link". `mode`: of those that it makes.
Result<UniqueFd> OpenFolderOf(const std::string& path, bool make, const std::string& what,
                              const CheckFolder& check = {}, mode_t mode = 0755);

/// The last component.
std::string NameOf(const std::string& path);

/// Where the symlink `name` in a folder leads; "" is the symlink that `folder` is itself.
Result<std::string> ReadLinkAt(int folder, const char* name, const std::string& path);

}  // namespace secretfs
