// WorkerLoader: makes values, and reads parts of large ones, on a few worker threads. Those who
// wait are entries of a table, so that a thousand waiting readers cost no thread. While all workers
// are stuck in sources that do not answer, another is added each second, up to a limit. What may
// have to ask a remote store is made on threads of its own, which are added when they are needed: a
// few for each store, whatever is wanted of it. One thread more watches the deadlines, and what is
// to be tried again.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "core/entry.h"
#include "daemon/load_schedule.h"
#include "daemon/making.h"
#include "daemon/part_reader.h"

namespace secretfs {

class WorkerLoader final : public Loader {
 public:
  /// `tried` hears of each entry (but the fresh ones) whose value was made, newly or again, or
  /// could not be: Entry::GetReport() tells which. Called on a worker that holds no locks, inputs
  /// before who needs them; may be empty, and must not wait for this loader.
  WorkerLoader(const Clock& clock, Log& log, size_t workers,
               std::function<void(const EntryPtr&)> tried = {});
  /// From now on values get fingerprints by this key, which outlives this. Before anybody wants
  /// one.
  void MarkWith(ByteView key) noexcept { fingerprint_key_ = key; }
  WorkerLoader(const WorkerLoader&) = delete;
  WorkerLoader& operator=(const WorkerLoader&) = delete;
  ~WorkerLoader() override;

  /// Who keeps waiting for what may still come has it tried again once a second. One whose deadline
  /// has passed already gets the newest failure, if there is one.
  Ticket Want(const EntryPtr& entry, SteadyTime deadline, Patience patience, Done done) override;
  void Cancel(Ticket ticket) override;
  /// Makes the value anew although there may be one, since what it is made from may have changed;
  /// the old one stays if that fails, and it is tried again, at first after a second, unless it is
  /// remote. What is being made already is made once more. Does nothing for what was never wanted.
  /// Views over it are the caller's to refresh.
  void Refresh(const EntryPtr& entry);
  /// The same, also for what was never wanted.
  void MakeAnew(const EntryPtr& entry);
  /// Gives up with kTimeout after a minute.
  Ticket Read(Part part, PartDone done) override;
  /// How many readers wait.
  [[nodiscard]] size_t waiting() const;

  /// Answers everybody who waits with kUnavailable, and from then on whoever comes; then calls
  /// `end_sources`, for what the workers wait for, and ends the threads. False when a worker is
  /// stuck in a source that does not answer: the process must then end without destroying this.
  [[nodiscard]] bool Stop(const std::function<void()>& end_sources = {});

 private:
  void NoteQueuedLocked();
  void WakeForLocked(SteadyTime time);
  [[nodiscard]] size_t MostRetriesLocked() const;
  void NoteLanesLocked();
  void Work(const std::stop_token& stop);
  void WorkInLanes(const std::stop_token& stop);
  void MakeAndAnswer(const LoadSchedule::MakeTask& task, const std::stop_token& stop);
  void ReadAndAnswer(const LoadSchedule::ReadTask& task, PartReader& reader);
  void NoteUnread(const Part& part, const Error& error);
  void AddThreadLocked(void (WorkerLoader::*work)(const std::stop_token&), const char* name);
  void ReplaceStuckLocked(SteadyTime now);
  void WatchTime(const std::stop_token& stop);

  const Clock& clock_;
  Log& log_;
  const std::function<void(const EntryPtr&)> tried_;
  ByteView fingerprint_key_;
  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::condition_variable_any lane_work_;
  std::condition_variable_any time_;
  LoadSchedule schedule_;
  std::optional<SteadyTime>
      waits_since_;          // when the oldest task came, or the last worker was added for it
  size_t workers_ = 0;       // for what is in no lane
  size_t lane_workers_ = 0;  // for what is
  size_t alive_ = 0;         // threads that have not ended
  std::condition_variable_any ended_;
  SteadyTime wake_ = SteadyTime::max();  // when the thread that watches the time will look next
  bool stopped_ = false;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace secretfs
