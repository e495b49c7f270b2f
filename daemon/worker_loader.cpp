#include "daemon/worker_loader.h"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <exception>

#include "base/text.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kKeepFailure{1};
constexpr std::chrono::seconds kLongestFetch{60};
constexpr std::chrono::seconds kLongestRead{60};
constexpr std::chrono::hours kIdleWake{1};
constexpr std::chrono::seconds kStuckAfter{1};
constexpr std::chrono::seconds kStopPatience{2};
constexpr size_t kMostThreads = 64;

const Error kStopping{Code::kUnavailable, "secretfs is stopping", "", ""};
const Error kInterrupted{Code::kInterrupted, "interrupted", "", ""};

/// The value that is there, or the failure of a moment ago; nothing when it is worth trying, as it
/// is for a content that could not be read.
std::optional<Result<ValuePtr>> Known(const Entry& entry, const Clock& clock) {
  if (entry.spec().fresh) return std::nullopt;
  if (ValuePtr value = entry.value(); value && !value->content) {
    return Result<ValuePtr>(std::move(value));
  }
  const Entry::Report report = entry.GetReport();
  if (report.error && clock.Steady() - report.tried >= kKeepFailure) return std::nullopt;
  if (report.value) return Result<ValuePtr>(report.value);
  if (report.error) return Result<ValuePtr>(*report.error);
  return std::nullopt;
}

std::string LargerThanLimit() {
  return "larger than " + std::to_string(kMaxValueBytes >> 20U) + " MiB";
}

Result<Value> Make(const Entry& entry, const Clock& clock, Log& log, const std::stop_token& stop,
                   Verify verify) {
  std::vector<ValuePtr> inputs;
  for (const EntryPtr& input : entry.spec().inputs) {
    auto value = MakeNow(input, clock, log, stop, verify);
    if (!value) {
      Error error = std::move(value).error();
      error.what = "needs " + Quote(input->name()) + ", which failed: " + error.Text();
      error.where.clear();
      return error;
    }
    if ((*value)->content) {
      return Error{Code::kTooLarge,
                   "needs " + Quote(input->name()) + ", which is " + LargerThanLimit() +
                       ", the most that a view takes",
                   "", ""};
    }
    inputs.push_back(std::move(*value));
  }
  try {
    Value value = TRY(entry.spec().make(inputs, clock.Steady() + kLongestFetch, stop));
    if (value.bytes.size() > kMaxValueBytes) {
      return Error{Code::kTooLarge, LargerThanLimit(), "", ""};
    }
    if (value.content && verify == Verify::kWhole) TRY(VerifyContent(*value.content, stop));
    return value;
  } catch (const std::exception&) {  // its text may quote input
    return Error{Code::kResource, "ran out of memory", "", ""};
  }
}

void LogFailure(Log& log, const Entry& entry, const Error& error) {
  log.Warning("secret_failed",
              {{"name", entry.name()}, {"reason", error.Text()}, {"hint", error.hint}});
}

/// Logged once, as long as it stays the same.
void Fail(Entry& entry, const Error& error, const Clock& clock, Log& log) {
  const auto before = entry.GetReport().error;
  if (!before || before->Text() != error.Text()) LogFailure(log, entry, error);
  entry.Fail(error, clock.Steady());
}

void LogNote(Log& log, const Entry& entry, const Note& note) {
  const std::initializer_list<Field> fields{{"name", entry.name()}, {"reason", note.text}};
  note.by_design ? log.Info("left_out", fields) : log.Warning("left_out", fields);
}

}  // namespace

Result<ValuePtr> MakeNow(const EntryPtr& entry, const Clock& clock, Log& log,
                         const std::stop_token& stop, Verify verify) {
  const auto making = entry->LockMaking();
  if (auto known = Known(*entry, clock)) return *std::move(known);
  auto made = Make(*entry, clock, log, stop, verify);
  if (!made) {
    Fail(*entry, made.error(), clock, log);
    if (ValuePtr old = entry->value()) return old;
    return std::move(made).error();
  }
  for (const Note& note : made->notes) LogNote(log, *entry, note);
  if (entry->spec().fresh) return ValuePtr(std::make_shared<const Value>(std::move(*made)));
  return entry->Publish(std::move(*made), clock.Steady());
}

WorkerLoader::WorkerLoader(const Clock& clock, Log& log, size_t workers)
    : clock_(clock), log_(log) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < workers; ++i) AddWorkerLocked();
  ++alive_;
  threads_.emplace_back([this](const std::stop_token& stop) { WatchDeadlines(stop); });
  pthread_setname_np(threads_.back().native_handle(), "deadlines");
}

WorkerLoader::~WorkerLoader() {
  if (!threads_.empty() && !Stop()) std::abort();  // RunDaemon ends the process instead
}

void WorkerLoader::AddWorkerLocked() {
  ++alive_;
  threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  pthread_setname_np(threads_.back().native_handle(), "worker");
}

Loader::Ticket WorkerLoader::Want(const EntryPtr& entry, SteadyTime deadline, Patience patience,
                                  Done done) {
  if (const auto known = Known(*entry, clock_)) {
    done(*known);
    return 0;
  }
  std::unique_lock lock(mutex_);
  if (stopped_) {
    lock.unlock();
    done(kStopping);
    return 0;
  }
  Job& job = jobs_[entry.get()];
  if (!job.entry) {
    QueueLocked(entry);
    job.entry = entry;
  }
  const Ticket ticket = ++last_ticket_;
  job.waiters.push_back({ticket, deadline, patience, std::move(done)});
  WakeForLocked(deadline);
  return ticket;
}

Loader::Ticket WorkerLoader::Read(Part part, PartDone done) {
  const SteadyTime deadline = clock_.Steady() + kLongestRead;
  std::unique_lock lock(mutex_);
  if (stopped_) {
    lock.unlock();
    done(kStopping);
    return 0;
  }
  const Ticket ticket = ++last_ticket_;
  const auto reading =
      std::make_shared<const Reading>(Reading{ticket, std::move(part), deadline, std::move(done)});
  readings_.insert(reading);
  QueueLocked(reading);
  WakeForLocked(deadline);
  return ticket;
}

void WorkerLoader::Cancel(Ticket ticket) {
  Refuse refuse;
  std::unique_lock lock(mutex_);
  for (auto& [entry, job] : jobs_) {
    const auto at = std::ranges::find(job.waiters, ticket, &Waiter::ticket);
    if (at == job.waiters.end()) continue;
    refuse = std::move(at->done);
    job.waiters.erase(at);
    break;
  }
  const auto reading = std::ranges::find_if(
      readings_, [ticket](const ReadingPtr& candidate) { return candidate->ticket == ticket; });
  if (reading != readings_.end()) {
    refuse = (*reading)->done;
    readings_.erase(reading);
  }
  lock.unlock();
  if (refuse) refuse(kInterrupted);
}

void WorkerLoader::QueueLocked(Task task) {
  if (queue_.empty()) waits_since_ = clock_.Steady();
  queue_.push_back(std::move(task));
  work_.notify_one();
}

void WorkerLoader::WakeForLocked(SteadyTime deadline) {
  const SteadyTime look = std::min(deadline, waits_since_.value_or(deadline) + kStuckAfter);
  if (look >= wake_) return;
  wake_ = look;
  deadlines_.notify_one();
}

void WorkerLoader::Work(const std::stop_token& stop) {
  PartReader reader;
  std::unique_lock lock(mutex_);
  while (work_.wait(lock, stop, [this] { return !queue_.empty(); }) && !stop.stop_requested()) {
    const Task task = std::move(queue_.front());
    queue_.pop_front();
    waits_since_ = queue_.empty() ? std::nullopt : std::optional(clock_.Steady());
    lock.unlock();
    if (const auto* entry = std::get_if<EntryPtr>(&task)) {
      MakeAndAnswer(*entry, stop);
    } else {
      ReadAndAnswer(std::get<ReadingPtr>(task), reader);
    }
    lock.lock();
  }
  --alive_;
  ended_.notify_all();
}

void WorkerLoader::MakeAndAnswer(const EntryPtr& entry, const std::stop_token& stop) {
  const Result<ValuePtr> value = MakeNow(entry, clock_, log_, stop);
  std::unique_lock lock(mutex_);
  const auto job = jobs_.extract(entry.get());
  lock.unlock();
  if (!job) return;
  for (const Waiter& waiter : job.mapped().waiters) waiter.done(value);
}

void WorkerLoader::ReadAndAnswer(const ReadingPtr& reading, PartReader& reader) {
  const Part& part = reading->part;
  const Result<ByteView> bytes = reader.Read(part);
  if (!bytes) NoteUnread(part, bytes.error());
  std::unique_lock lock(mutex_);
  const bool waits = readings_.erase(reading) > 0;
  lock.unlock();
  if (waits) reading->done(bytes);
  reader.Forget();
}

/// The first failure of a version counts: readers in a loop must not put off the next try.
void WorkerLoader::NoteUnread(const Part& part, const Error& error) {
  if (error.code == Code::kResource) return;  // says nothing about the content
  const Entry::Report report = part.entry->GetReport();
  if (report.value == part.value && !report.error) Fail(*part.entry, error, clock_, log_);
}

void WorkerLoader::WatchDeadlines(const std::stop_token& stop) {
  bool called = false;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const SteadyTime now = clock_.Steady();
    ReplaceStuckLocked(now);
    const std::vector<Refuse> expired = TakeExpiredLocked(now);
    if (!expired.empty()) {
      lock.unlock();
      for (const Refuse& refuse : expired)
        refuse(Error{Code::kTimeout, "not there in time", "", ""});
      lock.lock();
      continue;
    }
    wake_ = NextDeadlineLocked().value_or(now + kIdleWake);
    // Where one came, more will: they need not wake this thread each.
    if (waits_since_ || called) wake_ = std::min(wake_, waits_since_.value_or(now) + kStuckAfter);
    const SteadyTime planned = wake_;
    called = deadlines_.wait_until(lock, stop, planned, [&] { return wake_ < planned; });
  }
  --alive_;
  ended_.notify_all();
}

/// A queue that no worker has taken from for a while: they are all stuck, or busy for long.
void WorkerLoader::ReplaceStuckLocked(SteadyTime now) {
  if (stopped_ || queue_.empty() || !waits_since_ || now - *waits_since_ < kStuckAfter) return;
  waits_since_ = now;
  if (threads_.size() < kMostThreads) AddWorkerLocked();
}

std::vector<WorkerLoader::Refuse> WorkerLoader::TakeExpiredLocked(SteadyTime now) {
  std::vector<Refuse> expired;
  for (auto& [entry, job] : jobs_) {
    const auto keep = std::partition(job.waiters.begin(), job.waiters.end(),
                                     [now](const Waiter& waiter) { return waiter.deadline > now; });
    for (auto at = keep; at != job.waiters.end(); ++at) expired.emplace_back(std::move(at->done));
    job.waiters.erase(keep, job.waiters.end());
  }
  for (auto at = readings_.begin(); at != readings_.end();) {
    const ReadingPtr& reading = *at;
    if (reading->deadline > now) {
      ++at;
      continue;
    }
    expired.emplace_back(reading->done);
    at = readings_.erase(at);
  }
  return expired;
}

std::optional<SteadyTime> WorkerLoader::NextDeadlineLocked() const {
  std::optional<SteadyTime> next;
  for (const auto& [entry, job] : jobs_) {
    for (const Waiter& waiter : job.waiters) {
      if (!next || waiter.deadline < *next) next = waiter.deadline;
    }
  }
  for (const ReadingPtr& reading : readings_) {
    if (!next || reading->deadline < *next) next = reading->deadline;
  }
  return next;
}

bool WorkerLoader::Stop(const std::function<void()>& end_sources) {
  std::vector<Refuse> waiting;
  std::unique_lock lock(mutex_);
  stopped_ = true;
  queue_.clear();
  for (auto& [entry, job] : jobs_) {
    for (Waiter& waiter : job.waiters) waiting.emplace_back(std::move(waiter.done));
    job.waiters.clear();
  }
  for (const ReadingPtr& reading : readings_) waiting.emplace_back(reading->done);
  readings_.clear();
  lock.unlock();
  for (const Refuse& refuse : waiting) refuse(kStopping);
  for (std::jthread& thread : threads_) thread.request_stop();
  if (end_sources) end_sources();
  lock.lock();
  if (!ended_.wait_for(lock, kStopPatience, [this] { return alive_ == 0; })) return false;
  lock.unlock();
  threads_.clear();  // joins
  return true;
}

}  // namespace secretfs
