// WorkerLoader: makes values, and reads parts of large ones, on a few worker threads, and keeps
// those who wait for them as entries in a list, so that a thousand waiting readers cost no thread.
// While all workers are stuck in sources that do not answer, another is added each second, up to a
// limit. One thread more watches the deadlines. An entry is made once at a time, whoever asks.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "core/entry.h"
#include "daemon/part_reader.h"

namespace secretfs {

class WorkerLoader final : public Loader {
 public:
  WorkerLoader(const Clock& clock, Log& log, size_t workers);
  WorkerLoader(const WorkerLoader&) = delete;
  WorkerLoader& operator=(const WorkerLoader&) = delete;
  ~WorkerLoader() override;

  Ticket Want(const EntryPtr& entry, SteadyTime deadline, Patience patience, Done done) override;
  void Cancel(Ticket ticket) override;
  /// Makes the value anew although there may be one, since what it is made from may have changed;
  /// the old one stays if that fails. Does nothing for who was never wanted. Views over it are the
  /// caller's to refresh.
  void Refresh(const EntryPtr& entry);
  /// Gives up with kTimeout after a minute.
  Ticket Read(Part part, PartDone done) override;

  /// Answers everybody who waits with kUnavailable, and from then on whoever comes; then calls
  /// `end_sources`, for what the workers wait for, and ends the threads. False when a worker is
  /// stuck in a source that does not answer: the process must then end without destroying this.
  [[nodiscard]] bool Stop(const std::function<void()>& end_sources = {});

 private:
  struct Waiter {
    Ticket ticket;
    SteadyTime deadline;
    Patience patience;
    Done done;
  };
  struct Job {
    EntryPtr entry;
    std::vector<Waiter> waiters;
  };

  /// Who takes it out of `readings_` answers it.
  struct Reading {
    Ticket ticket;
    Part part;
    SteadyTime deadline;
    PartDone done;
  };
  using ReadingPtr = std::shared_ptr<const Reading>;
  using Task = std::variant<EntryPtr, ReadingPtr>;
  using Refuse = std::function<void(const Error&)>;

  void QueueLocked(Task task);
  void WakeForLocked(SteadyTime deadline);
  void Work(const std::stop_token& stop);
  void MakeAndAnswer(const EntryPtr& entry, const std::stop_token& stop);
  void ReadAndAnswer(const ReadingPtr& reading, PartReader& reader);
  void NoteUnread(const Part& part, const Error& error);
  void AddWorkerLocked();
  void ReplaceStuckLocked(SteadyTime now);
  void WatchDeadlines(const std::stop_token& stop);
  std::vector<Refuse> TakeExpiredLocked(SteadyTime now);
  std::optional<SteadyTime> NextDeadlineLocked() const;

  const Clock& clock_;
  Log& log_;
  std::mutex mutex_;
  std::condition_variable_any work_;
  std::condition_variable_any deadlines_;
  std::map<const Entry*, Job> jobs_;  // queued or being made
  std::set<ReadingPtr> readings_;     // likewise
  std::deque<Task> queue_;
  std::optional<SteadyTime>
      waits_since_;   // when the oldest of the queue came, or the last worker was added for it
  size_t alive_ = 0;  // threads that have not ended
  std::condition_variable_any ended_;
  SteadyTime wake_ = SteadyTime::max();  // when the deadline thread will look next
  bool stopped_ = false;
  Ticket last_ticket_ = 0;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

/// How much of a value that is not held in memory must be found right before it counts as made.
enum class Verify {
  kByPart,  // what making it takes; the rest when it is read
  kWhole,
};

/// Makes the entry's value, and first the inputs' that have none, on this thread; or gives the one
/// that is there. A failure is kept for a second, so that a reader in a loop does not keep a worker
/// busy. An older value stays in use when a newer one cannot be made. Logs each failure once.
Result<ValuePtr> MakeNow(const EntryPtr& entry, const Clock& clock, Log& log,
                         const std::stop_token& stop, Verify verify = Verify::kByPart);

}  // namespace secretfs
