// Keeping: has the keeper make what is to be kept outside of the mount, links and copies. A thread
// of its own waits for it, so that a keeper that hangs holds up nobody; what is wanted newest is
// asked for, whatever was wanted while it was waited.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "core/snapshot.h"
#include "daemon/copy_terms.h"
#include "daemon/keeper_channel.h"
#include "daemon/status.h"

namespace secretfs {

class Keeping {
 public:
  /// What it needs of others, which outlive it. The functions are called on its thread.
  struct Services {
    const Accounts& accounts;
    Log& log;
    /// Has a value made that a copy lacks. Must not wait.
    std::function<void(const EntryPtr&)> want;
    /// Whether the keeper may have made something, by an earlier process perhaps.
    std::function<bool()> has_kept;
  };
  Keeping(std::unique_ptr<KeeperChannel> channel, Services services);
  Keeping(const Keeping&) = delete;
  Keeping& operator=(const Keeping&) = delete;
  ~Keeping();

  /// Ends the thread. False when it waits for a keeper that does not end: the process must then end
  /// without destroying this.
  [[nodiscard]] bool Stop();

  // From any thread, and without waiting:
  /// What is to be kept from now on; also to be looked at again.
  void Keep(const std::vector<File>& files);
  /// An entry's value was made, or could not be.
  void Tried(const EntryPtr& entry);
  [[nodiscard]] CopyStates copies() const;

  /// Waits until each copy that was given to Keep() last is there or has failed. False when that
  /// takes longer.
  bool AwaitCopies(std::chrono::milliseconds patience) const;

 private:
  /// Of one copy.
  struct Wanted {
    Kept kept;
    EntryPtr entry;
    Access access;
  };
  /// What the keeper was given last.
  struct Given {
    ValuePtr value;
    CopyTerms terms;
    bool operator==(const Given&) const = default;
  };

  void Work(const std::stop_token& stop);
  SteadyTime Look(bool again, const std::stop_token& stop);
  void TakeFiles(const std::vector<File>& files);
  bool AskForAll();
  void TakeProblems(const std::vector<Error>& problems);
  bool GiveCopies(bool again, const std::stop_token& stop);
  std::optional<Error> GiveCopy(const Wanted& wanted, const Given& given);
  Result<KeeperAnswer> Ask(const KeeperRequest& request);
  void NoteSettled();
  void Note(const std::string& path, bool current, std::optional<Error> error);

  const std::unique_ptr<KeeperChannel> channel_;
  const Services services_;

  // Of the thread:
  std::vector<Kept> links_;
  std::vector<Wanted> copies_;
  std::map<Kept, Given> given_;
  bool asked_ = true;                  // the keeper knows what is wanted, and could do it
  SteadyTime ask_at_;                  // not before,
  std::chrono::seconds ask_pause_{0};  // which is so long after the last time
  std::vector<std::string> not_kept_;  // what it could not do then
  bool ever_ = false;                  // something was wanted
  bool in_use_ = false;                // it was asked since it rested
  bool reached_ = true;                // when it was asked last

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable_any wake_;
  std::optional<std::vector<File>> files_;  // that are new
  bool tried_ = false;                      // a value that is copied may be new
  std::unordered_set<EntryPtr> copied_;
  CopyStates states_;
  bool settled_ = false;  // what was wanted last was tried
  bool ended_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace secretfs
