// LoadSchedule: who waits for what and until when, and what is to be made or read next. What may
// have to ask a remote store waits in the lane of that store (EntrySpec::lane) and leaves it a few
// at a time, so that it is in the way of nothing else. Only the book-keeping of WorkerLoader, which
// holds its lock: no threads, no clock. What there is to do for one who waits costs no more when
// thousands do.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "core/entry.h"

namespace secretfs {

class LoadSchedule {
 public:
  using Ticket = Loader::Ticket;
  using Patience = Loader::Patience;
  using Done = Loader::Done;
  using Refuse = std::function<void(const Error&)>;  // of one who waited

  struct MakeTask {
    EntryPtr entry;
    bool anew = false;   // whatever is known of it
    bool retry = false;  // of what failed while somebody went on waiting
    std::string lane{};  // that it counts in until it is settled; "": none
  };
  struct Reading {
    Ticket ticket;
    Part part;
    Loader::PartDone done;
  };
  using ReadTask = std::shared_ptr<const Reading>;
  using Task = std::variant<MakeTask, ReadTask>;

  /// How much of one lane is made at once.
  static constexpr size_t kMostOfLane = 4;

  /// `known` is when the entry was last tried, if it failed then and may still come: it is not
  /// tried again before a second has passed.
  Ticket Want(const EntryPtr& entry, SteadyTime deadline, Patience patience, Done done,
              std::optional<SteadyTime> known = {});
  /// To be tried, for whoever comes next.
  void WantUnattended(const EntryPtr& entry) { Enqueue(JobOf(entry)); }
  /// To be made although nobody may wait. What is being made is made once more afterwards.
  void Refresh(const EntryPtr& entry);
  Ticket Read(Part part, SteadyTime deadline, Loader::PartDone done);
  /// How to answer who waits with this ticket, who then does not wait any more; or nothing.
  Refuse Withdraw(Ticket ticket);

  // What is in no lane.
  /// Whether Take() may have something: with so many retries at once at most, that what is new
  /// need not wait for what failed before.
  [[nodiscard]] bool HasTask(size_t most_retries) const { return MayStart(local_, most_retries); }
  std::optional<Task> Take(size_t most_retries);
  /// Nothing is queued, whatever Take() may give.
  [[nodiscard]] bool idle() const { return local_.fresh.empty() && local_.retries.empty(); }

  // What is in lanes.
  /// How many can be at work on it: those who are, and one for each task that may begin.
  [[nodiscard]] size_t LaneHands() const;
  [[nodiscard]] bool HasLaneTask() const;
  /// Lanes take turns.
  std::optional<MakeTask> TakeOfLanes();

  /// After a MakeTask: whom to answer. Who goes on waiting is not among them. What is `stale`, an
  /// older value being in use since no newer one could be made, is tried again now and then, as
  /// nobody who reads it will ask for that; until nobody else has the entry.
  std::vector<Done> Settle(const MakeTask& task, const Result<ValuePtr>& made, bool stale,
                           SteadyTime now);
  /// After a ReadTask: whether its reader still waits.
  bool Settle(const ReadTask& task);

  /// Those whose deadline has passed, who then do not wait any more.
  std::vector<Refuse> TakeExpired(SteadyTime now);
  /// Everybody. Nothing is queued after that.
  std::vector<Refuse> TakeAll();
  /// Queues the retries that are due; whether there were any.
  bool QueueRetries(SteadyTime now);
  /// How many wait for a value or a part of one. Who asks how things are, which is made each time,
  /// is not among them.
  [[nodiscard]] size_t waiting() const;
  /// When the next deadline or retry is.
  [[nodiscard]] std::optional<SteadyTime> NextTime() const;

 private:
  struct Waiter {
    const Entry* entry = nullptr;  // null when it is a reading
    SteadyTime deadline;
    Patience patience = Patience::kNone;
    Done done;      // of who wants an entry
    Refuse refuse;  // of who reads
  };
  struct Job {
    enum class State { kNew, kQueued, kBeingMade, kParked, kRetryQueued };
    EntryPtr entry;
    State state = State::kNew;
    bool anew = false;
    bool again = false;            // it changed while it was being made
    SteadyTime retry{};            // when parked; then `anew` says that nobody need wait for it
    SteadyTime::duration pause{};  // before the retry of what is stale
    std::set<Ticket> waiting;      // in the order of coming
  };

  struct Queue {
    std::deque<std::variant<EntryPtr, ReadTask>> fresh;
    std::deque<EntryPtr> retries;  // what was queued otherwise since is passed over
    size_t making = 0;
    size_t retrying = 0;  // of these
  };

  Ticket Add(Waiter waiter);
  /// Ends the waiting, and what is done for nobody else.
  Waiter Remove(Ticket ticket);
  static Refuse RefusalOf(Waiter waiter);
  Job& JobOf(const EntryPtr& entry);
  /// Where it belongs now: what only needs values that are there is in no lane.
  Queue& QueueOf(const Entry& entry);
  void Enqueue(Job& job);
  void Park(Job& job, SteadyTime retry);
  void Unpark(Job& job);
  static bool MayStart(const Queue& queue, size_t most_retries);
  static bool MayStartOfLane(const Queue& lane);
  std::optional<Task> TakeFrom(Queue& queue, const std::string& lane, size_t most_retries);
  static MakeTask Start(Job& job, bool retry, Queue& queue, const std::string& lane);

  Ticket last_ticket_ = 0;
  std::unordered_map<Ticket, Waiter> waiters_;
  std::set<std::pair<SteadyTime, Ticket>> deadlines_;
  std::unordered_map<const Entry*, Job> jobs_;
  std::set<std::pair<SteadyTime, const Entry*>> retries_;  // of parked jobs
  Queue local_;
  std::map<std::string, Queue> lanes_;
  std::string last_lane_;  // that something was taken of
};

}  // namespace secretfs
