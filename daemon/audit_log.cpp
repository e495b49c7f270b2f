#include "daemon/audit_log.h"

#include <fcntl.h>
#include <pthread.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "daemon/time_text.h"

namespace secretfs {
namespace {

constexpr size_t kMostQueued = 10'000;

std::string_view Name(AuditEvent::Operation operation) {
  return operation == AuditEvent::Operation::kOpen ? "open" : "access";
}

}  // namespace

std::string AuditLine(WallTime time, const AuditEvent& event) {
  const nlohmann::ordered_json line{{"time", TimeText(time)},
                                    {"operation", Name(event.operation)},
                                    {"secret", event.name},
                                    {"decision", event.allowed ? "granted" : "denied"},
                                    {"rule", event.rule},
                                    {"uid", event.uid},
                                    {"gid", event.gid},
                                    {"pid", event.pid},
                                    {"executable", event.executable}};
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& file, const Clock& clock,
                                                 Log& log) {
  UniqueFd fd;
  if (!file.empty()) {
    fd.reset(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                    0600));
    if (!fd) return SystemError(errno, "cannot open the audit file", file);
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

void AuditLog::Record(AuditEvent event) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kMostQueued) {
      ++dropped_;
      return;
    }
    queue_.push_back({clock_.Wall(), std::move(event)});
  } catch (...) {
    ++dropped_;
    return;
  }
  wake_.notify_one();
}

void AuditLog::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, stop, [this] { return !queue_.empty(); });
    if (queue_.empty()) return;  // stopped, and all is written
    std::deque<Stamped> batch;
    batch.swap(queue_);
    lock.unlock();
    for (const Stamped& stamped : batch) Write(stamped);
    lock.lock();
  }
}

void AuditLog::Write(const Stamped& stamped) {
  const AuditEvent& event = stamped.event;
  if (!event.allowed) {
    log_.Warning("denied", {{"secret", event.name},
                            {"operation", Name(event.operation)},
                            {"uid", event.uid},
                            {"gid", event.gid},
                            {"pid", event.pid},
                            {"executable", event.executable}});
  }
  if (!file_) return;
  const Status written = WriteAll(file_.get(), AsBytes(AuditLine(stamped.time, event)), file_name_);
  if (!written) {
    ++dropped_;
    if (!file_failed_) log_.Error("audit_failed", {{"reason", written.error().Text()}});
  }
  file_failed_ = !written;
}

}  // namespace secretfs
