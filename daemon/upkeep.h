// Upkeep: keeps what is served in step with the world. Reads the configuration again when it is
// told to or when its files change, has values made anew when what they are made from changed, and
// tells the kernel, units and the keeper of what came of it. One thread, which may wait for slow
// disks; nothing that serves requests waits for it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/assemble.h"
#include "daemon/change_tracker.h"
#include "daemon/dependents.h"
#include "daemon/status.h"
#include "daemon/worker_loader.h"

namespace secretfs {

class Upkeep {
 public:
  /// What it acts through. All are called on its thread, and outlive it.
  struct Services {
    SnapshotCell& snapshots;
    WorkerLoader& loader;
    const Accounts& accounts;
    const Clock& clock;
    Log& log;
    /// Reads the configuration's files anew.
    std::function<Result<Config>()> read;
    /// Which these are now, to be watched.
    std::function<std::vector<std::string>()> config_files;
    /// Takes over what a new configuration says of the daemon itself, before it is served; an error
    /// leaves all as it was.
    std::function<Status(const Config&)> configure;
    /// Replaces the set of files that are watched.
    std::function<void(std::vector<std::string>)> watch;
    std::function<void(const Changes&)> announce;
    std::function<void(const ChangeTracker::Due&)> ask;
    /// Has links and copies kept: at the start, after each reload, and when names in their folders,
    /// or the accounts, changed. Must not wait.
    std::function<void(const std::vector<File>&)> keep;
    /// Has what is remote fetched: at the start, and after each reload. Must not wait; may be
    /// empty.
    std::function<void(const Assembly&)> fetch{};
  };

  struct Start {
    Assembly assembly;                       // what the first snapshot has
    std::vector<File> own_files;             // in every snapshot, besides
    std::vector<std::string> account_files;  // of users and groups
  };
  Upkeep(Services services, Start start);
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;
  ~Upkeep();

  /// Begins. What was said before is done then.
  void Run();
  /// Ends the thread, once what it does is done. False when it is stuck on a disk that does not
  /// answer: the process must then end without destroying this.
  [[nodiscard]] bool Stop();

  // From any thread:
  void Reload();
  /// Files that may have changed.
  void Changed(const std::vector<std::string>& paths);
  /// An entry's value was made, or could not be (WorkerLoader's `tried`).
  void Tried(const EntryPtr& entry);
  [[nodiscard]] Reloads reloads() const;

 private:
  /// What came in since the thread looked last.
  struct Inbox {
    uint64_t reload = 0;  // number of the newest that was asked for, if one was
    std::vector<std::string> paths;
    std::vector<EntryPtr> tried;
    [[nodiscard]] bool empty() const { return reload == 0 && paths.empty() && tried.empty(); }
  };

  void Work(const std::stop_token& stop);
  void Handle(const Inbox& inbox);
  Status LoadAnew();
  void Serve(Assembly assembly);
  void MakeReplaced(const std::vector<std::vector<EntryPtr>>& levels);
  void RefreshAndWait(const std::vector<EntryPtr>& entries, SteadyTime deadline);
  [[nodiscard]] std::vector<std::vector<EntryPtr>> InheritValues(const Assembly& next) const;
  void ForgetGone();
  void WatchAll();
  void WantConsumed();
  void RefreshFailed();
  void RefreshUsers(const std::vector<EntryPtr>& tried);
  void Tell(const ChangeTracker::Found& found);
  [[nodiscard]] std::vector<EntryPtr> AllEntries() const;

  Services services_;
  Assembly assembly_;
  const std::vector<File> own_files_;
  std::vector<std::string> config_files_;
  const std::vector<std::string> account_files_;
  std::vector<std::string> kept_folders_;
  Dependents dependents_;
  ChangeTracker tracker_;
  std::unordered_map<EntryPtr, uint64_t> versions_;  // that their users were made from
  std::stop_token stop_;  // the thread's own: `thread_` may not be assigned yet when it begins

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  Inbox inbox_;
  Reloads reloads_;
  std::unordered_set<EntryPtr> failed_;   // when they were tried last
  std::unordered_set<EntryPtr> awaited_;  // to be tried
  bool ended_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace secretfs
