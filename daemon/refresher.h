// Refresher: has the documents of remote sources fetched before anybody asks, again and again
// (daemon/refresh_schedule.h), and at once when somebody says so. One thread, which waits for
// nothing but the time: fetching is the loader's.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "core/entry.h"
#include "daemon/refresh_schedule.h"

namespace secretfs {

/// How often secrets were to be made anew by hand, for the status.
struct Refreshes {
  uint64_t asked = 0;
  uint64_t answered = 0;  // the first so many are done
};

class Refresher {
 public:
  struct Services {
    const Clock& clock;
    std::function<double()> random;  // from 0 to below 1
    /// Has an entry's value made anew, whatever is known of it; Tried() follows. Must not wait.
    std::function<void(const EntryPtr&)> make;
  };
  explicit Refresher(Services services);
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;
  ~Refresher();

  /// Begins. What was said before counts.
  void Run();
  void Stop();

  // From any thread:
  /// All documents of remote sources there are from now on.
  void Declare(const std::vector<EntryPtr>& documents);
  /// Any entry's value was made, or could not be (WorkerLoader's `tried`).
  void Tried(const EntryPtr& entry);
  void NetworkChanged();
  /// Has what `entry` is made from made anew now, remote or not, and then itself: one more of
  /// Refreshes.
  void RefreshNow(const EntryPtr& entry);
  /// The same for all of these; but of what is not remote, only what was ever wanted.
  void RefreshAll(const std::vector<EntryPtr>& entries);
  [[nodiscard]] Refreshes refreshes() const;

 private:
  /// A refresh by hand.
  struct Open {
    std::unordered_set<EntryPtr> waits_for;
    EntryPtr then;  // to be made once these were tried; or null
  };
  void Work(const std::stop_token& stop);
  void BeginLocked(const std::vector<EntryPtr>& origins, EntryPtr then);
  void NoteTriedLocked(const EntryPtr& entry);
  void WakeLocked();

  const Services services_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  RefreshSchedule schedule_;
  bool changed_ = false;  // the schedule, or what is to be made now
  std::vector<EntryPtr> now_;
  Refreshes refreshes_;
  std::map<uint64_t, Open> open_;  // by number
  std::jthread thread_;            // last: it uses all of the above
};

/// What these are made from in the end: those below them that have no inputs, or themselves. None
/// that is made anew at each open.
std::vector<EntryPtr> OriginsOf(const std::vector<EntryPtr>& entries);

}  // namespace secretfs
