// Where a path leads, found one name at a time as the kernel does it, so that every folder and
// symlink on the way is known. May block on a file system that does not answer.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"

namespace secretfs {

/// What was found at the end of a path. Of one that was not changed, two are equal.
struct PathState {
  int error = 0;  // errno of what ended the walk early: nothing there, or no folder, ...
  mode_t mode = 0;
  FileStamp stamp;
  bool operator==(const PathState&) const = default;
};

/// Of `path` itself, not of what it may point to.
PathState StateAt(const std::string& path);

class PathSteps {
 public:
  virtual ~PathSteps() = default;
  /// Before a name is looked up in `folder`, which is a path without symlinks.
  virtual void Enter(const std::string& folder) = 0;
  /// The way goes on by this name, or broke off at it.
  virtual void Turn(const std::string& folder, const std::string& name) = 0;
  /// The way ends here, at something that is no symlink, or is missing.
  virtual void End(const std::string& folder, const std::string& name) = 0;
};

struct Walked {
  std::string place;  // without symlinks
  PathState state;
};

/// Follows `rest` from `folder`, which must have no symlinks on its way, through up to 40 symlinks.
Walked WalkPath(const std::string& folder, std::string_view rest, PathSteps& steps);

/// "/" and "a" make "/a".
std::string InFolder(const std::string& folder, std::string_view name);

}  // namespace secretfs
