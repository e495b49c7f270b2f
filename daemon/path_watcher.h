// PathWatcher: tells when files may have changed, by inotify on every folder that their paths lead
// through: written in place, replaced by renaming, a symlink on the way turned elsewhere, a folder
// made or removed, a disk mounted or unmounted over one. A thread of its own, which may block on a
// file system that does not answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace secretfs {

class PathWatcher {
 public:
  /// Gets paths that were given to Watch() and may have changed since, none twice; on the watcher's
  /// thread. What changes often is told when it has been quiet for a moment, and at the latest
  /// after half a second; what is written in place when the writer closes it, and at the latest
  /// after five.
  using Changed = std::function<void(const std::vector<std::string>& paths)>;

  /// Errors: kResource.
  static Result<std::unique_ptr<PathWatcher>> Start(Changed changed);
  /// Nothing is told after this. Waits two seconds for the thread; one that is stuck in a file
  /// system that does not answer, or in `Changed`, is left behind. It holds nothing but its own.
  virtual ~PathWatcher() = default;

  /// Watches these absolute paths, which need not exist, and none else. One that ends in a slash is
  /// a folder, and changes when names come or go in it. What changes after the call
  /// is told: it waits until the new paths have been looked at, which takes a file system that
  /// answers some microseconds each, but a second at most; the paths that took longer are told
  /// once, as they may have changed meanwhile. Does not wait when called by `Changed`.
  virtual void Watch(std::vector<std::string> paths) = 0;
  /// What cannot be watched, and why: the kernel's limits. Of the newest Watch().
  [[nodiscard]] virtual std::vector<Error> Problems() const = 0;
};

}  // namespace secretfs
