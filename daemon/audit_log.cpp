#include "daemon/audit_log.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "daemon/time_text.h"

namespace secretfs {
namespace {

constexpr size_t kMostQueued = 10'000;
constexpr size_t kManyQueued = 1'000;  // not worth waiting for more
constexpr size_t kMostLogged = 100;    // a second
constexpr size_t kWriteBytes = size_t{64} << 10U;
constexpr std::chrono::milliseconds kGather{5};
constexpr std::chrono::seconds kLogSecond{1};

std::string_view Name(AuditEvent::Operation operation) {
  return operation == AuditEvent::Operation::kOpen ? "open" : "access";
}

/// A string in quotes. Nearly every one is plain, and building a JSON value for each event costs
/// more than all the rest of its line.
void AppendJson(std::string& line, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  if (plain) {
    line.append(1, '"').append(text).append(1, '"');
    return;
  }
  line += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string AuditLine(WallTime time, const AuditEvent& event) {
  std::string line = "{\"time\":\"" + TimeText(time) + "\",\"operation\":\"";
  line += Name(event.operation);
  line += "\",\"secret\":";
  AppendJson(line, event.name);
  line += event.allowed ? ",\"decision\":\"granted\"" : ",\"decision\":\"denied\"";
  line += ",\"rule\":";
  AppendJson(line, event.rule);
  line += ",\"uid\":" + std::to_string(event.uid);
  line += ",\"gid\":" + std::to_string(event.gid);
  line += ",\"pid\":" + std::to_string(event.pid);
  line += ",\"executable\":";
  AppendJson(line, event.executable);
  return line + "}\n";
}

Result<std::unique_ptr<AuditLog>> AuditLog::Open(const AuditConfig& config, const Clock& clock,
                                                 Log& log) {
  const std::string& file = config.file;
  UniqueFd fd;
  if (!file.empty()) {
    fd.reset(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                    0600));
    if (!fd) {
      Error error = SystemError(errno, "cannot open the audit file", file);
      if (error.code == Code::kNotFound) error.hint = "its folder must be there: mkdir -p -m 700";
      return error;
    }
  }
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(fd), file, clock, log));
}

AuditLog::AuditLog(UniqueFd file, std::string name, const Clock& clock, Log& log)
    : clock_(clock),
      log_(log),
      file_(std::move(file)),
      file_name_(std::move(name)),
      thread_([this](const std::stop_token& stop) { Work(stop); }) {
  pthread_setname_np(thread_.native_handle(), "audit");
}

AuditLog::~AuditLog() {
  thread_.request_stop();
  thread_.join();
}

bool AuditLog::Record(AuditEvent event) noexcept {
  const size_t most = event.allowed ? kMostQueued : kMostQueued / 2;
  size_t queued = 0;
  try {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= most) {
      ++dropped_;
      return true;
    }
    queue_.push_back({clock_.Wall(), std::move(event)});
    queued = queue_.size();
  } catch (...) {
    ++dropped_;
    return true;
  }
  if (queued == 1 || queued == kManyQueued) wake_.notify_one();
  return true;
}

void AuditLog::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto some = [this] { return !queue_.empty(); };
    if (not_logged_ > 0) {
      wake_.wait_for(lock, stop, kLogSecond, some);
    } else {
      wake_.wait(lock, stop, some);
    }
    if (queue_.empty()) {
      LogCount();  // the flood is over, or all is written
      if (stop.stop_requested()) return;
      continue;
    }
    // Waking up and writing for each event would cost a busy reader as much as all the rest of its
    // open, so what comes within a moment is written together.
    wake_.wait_for(lock, stop, kGather, [this] { return queue_.size() >= kManyQueued; });
    std::deque<Stamped> batch;
    batch.swap(queue_);
    lock.unlock();
    if (file_) WriteToFile(batch);
    LogRefusals(batch);
    lock.lock();
  }
}

void AuditLog::WriteToFile(const std::deque<Stamped>& batch) {
  std::string lines;
  size_t in_lines = 0;
  const auto write = [&] {
    // What a failed write left of a line is ended, so that the next one stands alone.
    if (file_failed_) lines.insert(0, "\n");
    const Status written = WriteAll(file_.get(), AsBytes(lines), file_name_);
    if (!written) {
      dropped_ += in_lines;
      if (!file_failed_) log_.Error("audit_failed", {{"reason", written.error().Text()}});
    }
    file_failed_ = !written;
    lines.clear();
    in_lines = 0;
  };
  for (const Stamped& stamped : batch) {
    lines += AuditLine(stamped.time, stamped.event);
    ++in_lines;
    if (lines.size() >= kWriteBytes) write();
  }
  if (in_lines > 0) write();
}

/// How many refusals were kept out of the log.
void AuditLog::LogCount() {
  if (not_logged_ > 0) log_.Warning("more_denied", {{"count", not_logged_}});
  not_logged_ = 0;
}

void AuditLog::LogRefusals(const std::deque<Stamped>& batch) {
  for (const Stamped& stamped : batch) {
    const AuditEvent& event = stamped.event;
    if (event.allowed) continue;
    if (const SteadyTime now = clock_.Steady(); now - second_ >= kLogSecond) {
      LogCount();
      second_ = now;
      logged_ = 0;
    }
    if (++logged_ > kMostLogged) {
      ++not_logged_;
      continue;
    }
    log_.Warning("denied", {{"secret", event.name},
                            {"operation", Name(event.operation)},
                            {"uid", event.uid},
                            {"gid", event.gid},
                            {"pid", event.pid},
                            {"executable", event.executable}});
  }
}

}  // namespace secretfs
