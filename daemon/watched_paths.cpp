#include "daemon/watched_paths.h"

#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/file.h"

namespace secretfs {
namespace {

constexpr uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                             IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF |
                             IN_ONLYDIR | IN_DONT_FOLLOW;
constexpr uint32_t kFolderLost =
    IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr uint32_t kBeingWritten = IN_MODIFY;  // until closed
constexpr uint32_t kContentOnly = IN_MODIFY | IN_CLOSE_WRITE;
constexpr uint32_t kNames = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::chrono::seconds kBlindLook{10};
constexpr std::chrono::seconds kUnwatchedLook{3};
/// File systems stamp with a clock that moves every 10 ms at the slowest.
constexpr std::chrono::milliseconds kStampGrain{20};

/// File systems that others can change without our kernel: network and user space.
bool IsBlind(const std::string& folder) {
  constexpr std::array<uint32_t, 12> kMagic{
      0x6969,      // NFS
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB2
      0x517B,      // SMB
      0x01021997,  // 9p
      0x65735546,  // FUSE, virtiofs
      0x00C36400,  // Ceph
      0x5346414F,  // AFS
      0x6B414653,  // kAFS
      0x73757245,  // Coda
      0x0BD00BD0,  // Lustre
      0x786F4256,  // vboxsf
  };
  struct statfs fs {};
  if (::statfs(folder.c_str(), &fs) != 0) return false;
  return std::ranges::find(kMagic, static_cast<uint32_t>(fs.f_type)) != kMagic.end();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "/" : path.substr(0, slash + 1);
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

/// Notes the way of one path, or of a folder in which paths are.
class WatchedPaths::Steps final : public PathSteps {
 public:
  Steps(WatchedPaths& paths, std::optional<Id> id) : paths_(paths), id_(id) {}
  void Enter(const std::string& folder) override { paths_.Enter(folder); }
  void Turn(const std::string& folder, const std::string& name) override {
    paths_.folders_[folder].names[name].turn = true;
  }
  void End(const std::string& folder, const std::string& name) override {
    Meaning& meaning = paths_.folders_[folder].names[name];
    if (id_) {
      meaning.ids.push_back(*id_);
    } else {
      meaning.turn = true;
    }
  }

 private:
  WatchedPaths& paths_;
  std::optional<Id> id_;
};

Result<WatchedPaths> WatchedPaths::Make() {
  UniqueFd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify) {
    Error error = SystemError(errno, "cannot watch files", "");
    error.code = Code::kResource;
    error.hint = "perhaps raise fs.inotify.max_user_instances with sysctl";
    return error;
  }
  return WatchedPaths(std::move(inotify));
}

void WatchedPaths::Set(std::vector<std::string> paths) {
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  std::vector<Watched> now;
  now.reserve(paths.size());
  auto old = paths_.begin();
  for (std::string& path : paths) {
    while (old != paths_.end() && old->path < path) ++old;
    if (old != paths_.end() && old->path == path) {
      now.push_back(std::move(*old++));
    } else {
      now.push_back({std::move(path), std::nullopt, {}, {}});
    }
  }
  paths_ = std::move(now);
}

std::vector<WatchedPaths::Id> WatchedPaths::LookAtAll(const std::function<bool(Id)>& later) {
  const auto before = std::exchange(by_watch_, {});
  folders_.clear();
  over_limit_.clear();
  blind_ = false;
  std::unordered_map<std::string, Walked> walked;  // folders, as the paths name them
  std::vector<Id> changed;
  for (Id id = 0; id < paths_.size(); ++id) {
    Watched& watched = paths_[id];
    const std::string folder = FolderOf(watched.path);
    auto in = walked.find(folder);
    if (in == walked.end()) {
      Steps steps(*this, std::nullopt);
      in = walked.emplace(folder, WalkPath("/", folder, steps)).first;
    }
    Walked end = in->second;
    if (end.state.error == 0 && watched.path.ends_with('/')) {
      Enter(end.place);
      folders_[end.place].listings.push_back(id);
      end.state = StateAt(end.place);
    } else if (end.state.error == 0) {
      Steps steps(*this, id);
      end = WalkPath(in->second.place, NameOf(watched.path), steps);
    }
    watched.end = std::move(end.place);
    if (later(id)) continue;
    if (!watched.state) {
      watched.Set(end.state);
    } else if (watched.state != end.state) {
      watched.Set(end.state);
      changed.push_back(id);
    }
  }
  Unwatch(before);
  return changed;
}

WatchedPaths::Found WatchedPaths::Look(Id id) {
  Watched& watched = paths_[id];
  const PathState state = StateAt(watched.end);
  if (state.error == 0 && S_ISLNK(state.mode)) return Found::kWayChanged;
  // What was changed twice within one grain of the clock, once before we looked, looks the same.
  const bool sure = watched.state && (watched.state->stamp.changed + kStampGrain < watched.looked ||
                                      watched.state->stamp.changed > watched.looked + kStampGrain);
  const bool same = sure && watched.state == state;
  watched.Set(state);
  return same ? Found::kSame : Found::kChanged;
}

void WatchedPaths::Watched::Set(const PathState& now) {
  state = now;
  looked = std::chrono::system_clock::now();
}

void WatchedPaths::Enter(const std::string& folder) {
  if (folders_.try_emplace(folder).second) WatchFolder(folder);
}

void WatchedPaths::WatchFolder(const std::string& folder) {
  const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
  if (watch >= 0) {
    by_watch_[watch].push_back(folder);
  } else if (errno == ENOSPC || errno == ENOMEM) {
    over_limit_.push_back(folder);
  } else if (errno != ENOENT && errno != ENOTDIR) {
    blind_ = true;  // one that may not be listed, or a file system without inotify
  }
  if (IsBlind(folder)) blind_ = true;
}

void WatchedPaths::Unwatch(const std::unordered_map<int, std::vector<std::string>>& before) {
  for (const auto& [watch, folders] : before) {
    if (!by_watch_.contains(watch)) ::inotify_rm_watch(inotify_.get(), watch);
  }
}

WatchedPaths::Events WatchedPaths::Read() {
  Events events;
  alignas(inotify_event) std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return events;
    for (size_t at = 0; at < static_cast<size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      Note(event.wd, event.mask, event.len > 0 ? buffer.data() + at + sizeof event : "", events);
      at += sizeof event + event.len;
    }
  }
}

void WatchedPaths::Note(int watch, uint32_t mask, const char* name, Events& events) const {
  if ((mask & IN_Q_OVERFLOW) != 0) events.all = true;
  const auto folders = by_watch_.find(watch);
  if (folders == by_watch_.end()) return;  // one that we gave up
  if ((mask & kFolderLost) != 0) events.all = true;
  for (const std::string& path : folders->second) {
    const Folder& folder = folders_.at(path);
    if ((mask & kNames) != 0) {
      for (const Id id : folder.listings) events.files.try_emplace(id, false);
    }
    const auto meaning = folder.names.find(name);
    if (meaning == folder.names.end()) continue;
    if (meaning->second.turn && (mask & kContentOnly) == 0) events.all = true;
    for (const Id id : meaning->second.ids) {
      bool& written = events.files[id];
      if ((mask & IN_ATTRIB) == 0) written = (mask & kBeingWritten) != 0;
    }
  }
}

std::optional<std::chrono::seconds> WatchedPaths::LookEvery() const {
  if (!over_limit_.empty()) return kUnwatchedLook;
  if (blind_) return kBlindLook;
  return std::nullopt;
}

std::vector<Error> WatchedPaths::Problems() const {
  if (over_limit_.empty()) return {};
  std::string what = "cannot be watched for changes, as the limit of inotify watches is reached";
  if (over_limit_.size() > 1) {
    what += ", nor can " + std::to_string(over_limit_.size() - 1) + " more folders";
  }
  what += "; looked at every " + std::to_string(kUnwatchedLook.count()) + " seconds instead";
  std::vector<Error> problems;
  problems.push_back({Code::kResource, std::move(what), over_limit_.front(),
                      "raise fs.inotify.max_user_watches with sysctl"});
  return problems;
}

}  // namespace secretfs
