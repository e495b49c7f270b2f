// WatchedPaths: a set of paths, what was found at each when last looked, and the folders through
// which they lead, each watched by inotify. Events say which of them to look at again. Where
// inotify cannot tell, one has to look now and then. Not thread-safe; may block on a file system
// that does not answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/path_walk.h"

namespace secretfs {

class WatchedPaths {
 public:
  using Id = uint32_t;  // of a path, until the next Set()

  /// Errors: kResource when the limit of inotify instances is reached.
  static Result<WatchedPaths> Make();

  /// Replaces the paths; what was found at the ones that stay is kept. LookAtAll() must follow.
  void Set(std::vector<std::string> paths);
  [[nodiscard]] Id size() const noexcept { return static_cast<Id>(paths_.size()); }
  [[nodiscard]] const std::string& PathOf(Id id) const { return paths_[id].path; }
  /// Not looked at before.
  [[nodiscard]] bool IsNew(Id id) const { return !paths_[id].state; }

  /// Walks all paths, watches the folders on their ways and no others. Gives those that changed
  /// since last looked at, so none that is new; leaves out those for which `later` is true.
  std::vector<Id> LookAtAll(const std::function<bool(Id)>& later);
  enum class Found { kSame, kChanged, kWayChanged };
  /// At one path that Events() named. `kWayChanged`: all must be looked at.
  Found Look(Id id);

  struct Events {
    std::unordered_map<Id, bool> files;  // whether it is, as far as known, still being written
    bool all = false;                    // a way may lead elsewhere, or events were lost
  };
  /// What happened since the last time; does not wait.
  Events Read();
  /// Readable when something happened.
  [[nodiscard]] int fd() const noexcept { return inotify_.get(); }

  /// How often to look at all paths, for those of which inotify does not tell everything.
  [[nodiscard]] std::optional<std::chrono::seconds> LookEvery() const;
  /// Folders that the kernel's limit left unwatched.
  [[nodiscard]] std::vector<Error> Problems() const;

 private:
  struct Watched {
    std::string path;
    std::optional<PathState> state;
    WallTime looked;  // when that was first found
    std::string end;  // where its way ends
    void Set(const PathState& now);
  };
  /// What a name in a folder means to us.
  struct Meaning {
    bool turn = false;    // a way leads through it
    std::vector<Id> ids;  // paths that end there
  };
  struct Folder {
    std::unordered_map<std::string, Meaning> names;
    std::vector<Id> listings;  // paths that are this folder's names
  };
  class Steps;

  explicit WatchedPaths(UniqueFd inotify) : inotify_(std::move(inotify)) {}
  void Enter(const std::string& folder);
  void WatchFolder(const std::string& folder);
  void Unwatch(const std::unordered_map<int, std::vector<std::string>>& before);
  void Note(int watch, uint32_t mask, const char* name, Events& events) const;

  UniqueFd inotify_;
  std::vector<Watched> paths_;
  std::unordered_map<std::string, Folder> folders_;             // by path without symlinks
  std::unordered_map<int, std::vector<std::string>> by_watch_;  // several: mounted twice
  std::vector<std::string> over_limit_;                         // folders
  bool blind_ = false;  // some folder is where inotify does not tell what others do
};

}  // namespace secretfs
