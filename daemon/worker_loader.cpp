#include "daemon/worker_loader.h"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>

namespace secretfs {
namespace {

constexpr std::chrono::seconds kLongestRead{60};
constexpr std::chrono::hours kIdleWake{1};
constexpr std::chrono::seconds kStuckAfter{1};
constexpr std::chrono::seconds kStopPatience{2};
constexpr size_t kMostWorkers = 64;
constexpr size_t kMostLaneWorkers = 64;

const Error kStopping{Code::kUnavailable, "secretfs is stopping", "", ""};
const Error kInterrupted{Code::kInterrupted, "interrupted", "", ""};
const Error kLate{Code::kTimeout, "not there in time", "", ""};

}  // namespace

WorkerLoader::WorkerLoader(const Clock& clock, Log& log, size_t workers,
                           std::function<void(const EntryPtr&)> tried)
    : clock_(clock), log_(log), tried_(std::move(tried)) {
  const std::lock_guard lock(mutex_);
  for (; workers_ < workers; ++workers_) AddThreadLocked(&WorkerLoader::Work, "worker");
  AddThreadLocked(&WorkerLoader::WatchTime, "deadlines");
}

WorkerLoader::~WorkerLoader() {
  if (!threads_.empty() && !Stop()) std::abort();  // RunDaemon ends the process instead
}

void WorkerLoader::AddThreadLocked(void (WorkerLoader::*work)(const std::stop_token&),
                                   const char* name) {
  ++alive_;
  threads_.emplace_back([this, work](const std::stop_token& stop) { (this->*work)(stop); });
  pthread_setname_np(threads_.back().native_handle(), name);
}

Loader::Ticket WorkerLoader::Want(const EntryPtr& entry, SteadyTime deadline, Patience patience,
                                  Done done) {
  const auto known = Known(*entry, clock_);
  const SteadyTime now = clock_.Steady();
  const bool waits = patience == Patience::kUntilDeadline && deadline > now;
  if (known && (*known || !known->error().may_come || !waits)) {
    done(*known);
    return 0;
  }
  std::unique_lock lock(mutex_);
  const Entry::Report newest = entry->GetReport();
  std::optional<Result<ValuePtr>> answer;
  if (stopped_) {
    answer = Result<ValuePtr>(kStopping);
  } else if (known && newest.value) {  // it came meanwhile
    answer = newest.value;
  } else if (deadline <= now && newest.error && !newest.value) {
    schedule_.WantUnattended(entry);
    answer = *newest.error;
  }
  Ticket ticket = 0;
  if (!answer) {
    ticket = schedule_.Want(entry, deadline, patience, std::move(done),
                            known ? std::optional(newest.tried) : std::nullopt);
  }
  NoteQueuedLocked();
  lock.unlock();
  if (answer) done(*answer);
  return ticket;
}

Loader::Ticket WorkerLoader::Read(Part part, PartDone done) {
  std::unique_lock lock(mutex_);
  if (stopped_) {
    lock.unlock();
    done(kStopping);
    return 0;
  }
  const Ticket ticket =
      schedule_.Read(std::move(part), clock_.Steady() + kLongestRead, std::move(done));
  NoteQueuedLocked();
  return ticket;
}

void WorkerLoader::Refresh(const EntryPtr& entry) {
  if (!entry->spec().fresh && entry->wanted()) MakeAnew(entry);
}

void WorkerLoader::MakeAnew(const EntryPtr& entry) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  schedule_.Refresh(entry);
  NoteQueuedLocked();
}

size_t WorkerLoader::waiting() const {
  const std::lock_guard lock(mutex_);
  return schedule_.waiting();
}

void WorkerLoader::Cancel(Ticket ticket) {
  std::unique_lock lock(mutex_);
  const auto refuse = schedule_.Withdraw(ticket);
  lock.unlock();
  if (refuse) refuse(kInterrupted);
}

/// After each change of the schedule: wakes who has to do something about it.
void WorkerLoader::NoteQueuedLocked() {
  if (!schedule_.idle()) {
    if (!waits_since_) waits_since_ = clock_.Steady();
    WakeForLocked(*waits_since_ + kStuckAfter);
    work_.notify_one();
  }
  NoteLanesLocked();
  if (const auto next = schedule_.NextTime()) WakeForLocked(*next);
}

void WorkerLoader::NoteLanesLocked() {
  if (stopped_ || !schedule_.HasLaneTask()) return;
  const size_t hands = std::min(schedule_.LaneHands(), kMostLaneWorkers);
  for (; lane_workers_ < hands; ++lane_workers_) {
    AddThreadLocked(&WorkerLoader::WorkInLanes, "remote");
  }
  lane_work_.notify_one();
}

void WorkerLoader::WakeForLocked(SteadyTime time) {
  if (time >= wake_) return;
  wake_ = time;
  time_.notify_one();
}

/// Half of the threads, so that what is new finds a worker.
size_t WorkerLoader::MostRetriesLocked() const { return std::max<size_t>(1, workers_ / 2); }

void WorkerLoader::Work(const std::stop_token& stop) {
  PartReader reader;
  std::unique_lock lock(mutex_);
  const auto has_task = [this] { return schedule_.HasTask(MostRetriesLocked()); };
  while (work_.wait(lock, stop, has_task) && !stop.stop_requested()) {
    const auto task = schedule_.Take(MostRetriesLocked());
    waits_since_ = schedule_.idle() ? std::nullopt : std::optional(clock_.Steady());
    if (!task) continue;
    lock.unlock();
    if (const auto* making = std::get_if<LoadSchedule::MakeTask>(&*task)) {
      MakeAndAnswer(*making, stop);
    } else {
      ReadAndAnswer(std::get<LoadSchedule::ReadTask>(*task), reader);
    }
    lock.lock();
  }
  --alive_;
  ended_.notify_all();
}

void WorkerLoader::WorkInLanes(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto has_task = [this] { return schedule_.HasLaneTask(); };
  while (lane_work_.wait(lock, stop, has_task) && !stop.stop_requested()) {
    const auto task = schedule_.TakeOfLanes();
    NoteLanesLocked();  // there may be more than was told of
    if (!task) continue;
    lock.unlock();
    MakeAndAnswer(*task, stop);
    lock.lock();
  }
  --alive_;
  ended_.notify_all();
}

void WorkerLoader::MakeAndAnswer(const LoadSchedule::MakeTask& task, const std::stop_token& stop) {
  Tried tried;
  const ByteView key = fingerprint_key_;
  const Result<ValuePtr> made =
      task.anew ? secretfs::MakeAnew(task.entry, clock_, log_, stop, &tried, key)
                : MakeNow(task.entry, clock_, log_, stop, Verify::kByPart, &tried, key);
  // Of what is remote, the refresher decides when it is tried again.
  const bool stale =
      task.entry->GetReport().state == EntryState::kStale && !task.entry->spec().remote;
  std::unique_lock lock(mutex_);
  const std::vector<Done> answered = schedule_.Settle(task, made, stale, clock_.Steady());
  NoteQueuedLocked();
  lock.unlock();
  for (const Done& done : answered) done(made);
  if (!tried_) return;
  for (const EntryPtr& entry : tried) tried_(entry);
}

void WorkerLoader::ReadAndAnswer(const LoadSchedule::ReadTask& task, PartReader& reader) {
  const Result<ByteView> bytes = reader.Read(task->part);
  if (!bytes) NoteUnread(task->part, bytes.error());
  std::unique_lock lock(mutex_);
  const bool waits = schedule_.Settle(task);
  lock.unlock();
  if (waits) task->done(bytes);
  reader.Forget();
}

/// The first failure of a version counts: readers in a loop must not put off the next try.
void WorkerLoader::NoteUnread(const Part& part, const Error& error) {
  if (error.code == Code::kResource) return;  // says nothing about the content
  const Entry::Report report = part.entry->GetReport();
  if (report.value == part.value && !report.error) NoteFailure(*part.entry, error, clock_, log_);
}

void WorkerLoader::WatchTime(const std::stop_token& stop) {
  bool called = false;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const SteadyTime now = clock_.Steady();
    if (schedule_.QueueRetries(now)) {
      if (!waits_since_ && !schedule_.idle()) waits_since_ = now;
      work_.notify_all();
      NoteLanesLocked();
    }
    ReplaceStuckLocked(now);
    const auto expired = schedule_.TakeExpired(now);
    if (!expired.empty()) {
      lock.unlock();
      for (const auto& refuse : expired) refuse(kLate);
      lock.lock();
      continue;
    }
    wake_ = schedule_.NextTime().value_or(now + kIdleWake);
    // Where one came, more will: they need not wake this thread each.
    if (waits_since_ || called) wake_ = std::min(wake_, waits_since_.value_or(now) + kStuckAfter);
    const SteadyTime planned = wake_;
    called = time_.wait_until(lock, stop, planned, [&] { return wake_ < planned; });
  }
  --alive_;
  ended_.notify_all();
}

/// Tasks that no worker has taken for a while: they are all stuck, or busy for long.
void WorkerLoader::ReplaceStuckLocked(SteadyTime now) {
  if (stopped_ || schedule_.idle() || !waits_since_ || now - *waits_since_ < kStuckAfter) return;
  waits_since_ = now;
  if (workers_ >= kMostWorkers) return;
  ++workers_;
  AddThreadLocked(&WorkerLoader::Work, "worker");
}

bool WorkerLoader::Stop(const std::function<void()>& end_sources) {
  std::unique_lock lock(mutex_);
  stopped_ = true;
  const auto waiting = schedule_.TakeAll();
  lock.unlock();
  for (const auto& refuse : waiting) refuse(kStopping);
  for (std::jthread& thread : threads_) thread.request_stop();
  if (end_sources) end_sources();
  lock.lock();
  if (!ended_.wait_for(lock, kStopPatience, [this] { return alive_ == 0; })) return false;
  lock.unlock();
  threads_.clear();  // joins
  return true;
}

}  // namespace secretfs
