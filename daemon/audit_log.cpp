#include "daemon/audit_log.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace secretfs {
namespace {

constexpr size_t kMostQueued = 10'000;
constexpr size_t kManyQueued = 1'000;  // not worth waiting for more
constexpr std::chrono::milliseconds kGather{5};
constexpr std::chrono::seconds kRetry{1};
constexpr const char* kRule = "audit";  // that denies what cannot be put on record

}  // namespace

Result<AuditLog::Places> AuditLog::OpenPlaces(const AuditConfig& config,
                                              const std::string& journal_socket) {
  Places places;
  places.config = config;
  if (!config.file.empty()) places.file = TRY(AuditFile::Open(config));
  if (config.journal) places.journal = std::make_unique<AuditJournal>(journal_socket);
  return places;
}

Result<std::unique_ptr<AuditLog>> AuditLog::Open(const AuditConfig& config, const Clock& clock,
                                                 Log& log, std::string journal_socket) {
  Places places = TRY(OpenPlaces(config, journal_socket));
  return std::unique_ptr<AuditLog>(
      new AuditLog(std::move(places), clock, log, std::move(journal_socket)));
}

AuditLog::AuditLog(Places places, const Clock& clock, Log& log, std::string journal_socket)
    : clock_(clock),
      log_(log),
      journal_socket_(std::move(journal_socket)),
      places_(std::move(places)),
      refusals_(clock, log),
      kept_(places_.file || places_.journal),
      required_(places_.config.required),
      config_(places_.config),
      thread_([this](const std::stop_token& stop) { Work(stop); }) {
  pthread_setname_np(thread_.native_handle(), "audit");
}

AuditLog::~AuditLog() {
  thread_.request_stop();
  thread_.join();
}

Status AuditLog::Reconfigure(const AuditConfig& config) {
  {
    const std::lock_guard lock(mutex_);
    if (config == config_) return Ok{};
  }
  Places next = TRY(OpenPlaces(config, journal_socket_));
  const std::lock_guard lock(mutex_);
  config_ = config;
  kept_ = next.file || next.journal;
  required_ = config.required;
  moves_.push_back({std::exchange(queue_, {}), std::move(next)});
  ++moving_;
  works_ = true;  // they could be opened; what the old ones say no longer counts
  wake_.notify_one();
  return Ok{};
}

bool AuditLog::Record(AuditEvent event) noexcept {
  try {
    if (event.allowed && required_ && !works_) return Refuse(std::move(event));
    const bool must = event.allowed && required_;
    const size_t most = event.allowed ? kMostQueued : kMostQueued / 2;
    size_t queued = 0;
    {
      const std::lock_guard lock(mutex_);
      const bool owed = budget_.owes();
      if (!event.allowed && !budget_.Take(event, clock_.Steady())) {
        if (!owed) wake_.notify_one();
        return true;
      }
      if (queue_.size() >= most) {
        ++not_queued_;
        return !must;
      }
      queue_.push_back({clock_.Wall(), std::move(event)});
      queued = queue_.size();
    }
    if (queued == 1 || queued == kManyQueued) wake_.notify_one();
    return true;
  } catch (...) {
    ++not_queued_;
    return !required_;
  }
}

/// It becomes a refusal, which is on record as soon as anything is.
bool AuditLog::Refuse(AuditEvent event) {
  event.allowed = false;
  event.version = 0;
  event.rule = kRule;
  event.failure = "what must be on record cannot be recorded";
  (void)Record(std::move(event));
  return false;
}

void AuditLog::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto some = [this] { return !queue_.empty() || !moves_.empty(); };
    wake_.wait(lock, stop,
               [&] { return some() || budget_.owes() || refusals_.owes() || Waiting() > 0; });
    if (!some()) wake_.wait_for(lock, stop, kRetry, some);
    const bool idle = !some();
    const bool ends = idle && stop.stop_requested();
    // Waking up and writing for each event would cost a busy reader as much as all the rest of its
    // open, so what comes within a moment is written together.
    if (!queue_.empty()) {
      wake_.wait_for(lock, stop, kGather, [this] { return queue_.size() >= kManyQueued; });
    }
    const std::deque<StampedEvent> batch = TakeQueue(idle);
    std::deque<Move> moves = std::exchange(moves_, {});
    lock.unlock();
    for (Move& move : moves) {
      Keep(move.before);
      TakeOver(std::move(move.places));
    }
    Keep(batch);
    if (idle) refusals_.Count();  // the flood is over, or all is written
    lock.lock();
    if (ends && !some()) return;
  }
}

/// What is queued, and, once a second, what was refused beyond that.
std::deque<StampedEvent> AuditLog::TakeQueue(bool idle) {
  std::deque<StampedEvent> batch = std::exchange(queue_, {});
  for (const auto& [uid, credentials, count] : budget_.Collect(clock_.Steady(), idle)) {
    batch.push_back({clock_.Wall(), MoreRefused(uid, credentials, count), count});
  }
  return batch;
}

void AuditLog::Keep(const std::deque<StampedEvent>& batch) {
  for (const auto& [time, event, more] : batch) {
    if (places_.file) places_.file->Add(AuditLine(time, event), event.allowed);
    if (places_.journal) places_.journal->Add(JournalEntry(event), event.allowed);
  }
  Flush();
  for (const auto& [time, event, more] : batch) {
    if (more > 0) refusals_.TellMore(event.uid, more);
    if (more == 0 && event.rule != kRule) refusals_.Tell(event);  // that was said, by Tell()
  }
}

/// Each place by itself; one that works is enough to be on record.
void AuditLog::Flush() {
  bool works = !places_.file && !places_.journal;
  if (places_.file) {
    works |= Tell(places_.file->Flush(), places_.file_fails, "file");
    if (const auto error = places_.file->TakeRotationError()) {
      log_.Warning("audit_not_rotated", {{"reason", error->Text()}});
    }
  }
  if (places_.journal) {
    works |= Tell(places_.journal->Flush(), places_.journal_fails, "journal");
  }
  {
    const std::lock_guard lock(mutex_);
    if (moving_ == 0) works_ = works;
  }
  lost_ = lost_before_ + LostByPlaces();
}

/// Once when it begins, and once when it is over. Gives whether all is well.
bool AuditLog::Tell(const Status& status, bool& fails, std::string_view place) {
  if (!status && !fails) {
    log_.Error(
        "audit_failed",
        {{"to", place},
         {"reason", status.error().Text()},
         {"hint",
          places_.config.required ? "nobody is given anything while it cannot be recorded" : ""}});
  }
  if (status && fails) log_.Info("audit_recovered", {{"to", place}, {"lost", LostByPlaces()}});
  fails = !status;
  return !fails;
}

void AuditLog::TakeOver(Places next) {
  Flush();
  if (places_.file && next.file) {
    next.file->TakeFrom(*places_.file);
    next.file_fails =
        places_.file_fails && (next.config.file == places_.config.file || next.file->Flush());
  }
  if (places_.journal && next.journal) {
    next.journal->TakeFrom(*places_.journal);
    next.journal_fails = places_.journal_fails;
  }
  lost_before_ += LostByPlaces() + Waiting();
  places_ = std::move(next);
  {
    const std::lock_guard lock(mutex_);
    --moving_;
  }
  Flush();
}

size_t AuditLog::Waiting() const {
  return (places_.file ? places_.file->waiting() : 0) +
         (places_.journal ? places_.journal->waiting() : 0);
}

uint64_t AuditLog::LostByPlaces() const {
  return (places_.file ? places_.file->lost() : 0) +
         (places_.journal ? places_.journal->lost() : 0);
}

}  // namespace secretfs
