// AuditLog: writes decisions from a thread of its own, so that the mount never waits for a disk.
// Everything goes to the audit file, one JSON object a line, if there is one; refusals go to the
// log in any case. A full queue drops and counts; refusals
// drop first, and only a hundred a second go to the log, so that a flood of them hides nothing
// else.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "core/audit.h"
#include "core/config.h"

namespace secretfs {

class AuditLog final : public AuditSink {
 public:
  /// The file is appended to, made with mode 0600; empty: refusals only, to the log. Errors: the
  /// file's.
  static Result<std::unique_ptr<AuditLog>> Open(const AuditConfig& config, const Clock& clock,
                                                Log& log);
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;
  ~AuditLog() override;  // writes what is queued

  [[nodiscard]] bool Wants(bool allowed) const noexcept override { return !allowed || file_; }
  [[nodiscard]] bool WantsFailure(uid_t /*uid*/) const noexcept override { return false; }
  [[nodiscard]] bool Record(AuditEvent event) noexcept override;
  [[nodiscard]] uint64_t dropped() const noexcept { return dropped_; }

 private:
  struct Stamped {
    WallTime time;
    AuditEvent event;
  };
  AuditLog(UniqueFd file, std::string name, const Clock& clock, Log& log);
  void Work(const std::stop_token& stop);
  void WriteToFile(const std::deque<Stamped>& batch);
  void LogRefusals(const std::deque<Stamped>& batch);
  void LogCount();

  const Clock& clock_;
  Log& log_;
  UniqueFd file_;
  std::string file_name_;
  bool file_failed_ = false;
  SteadyTime second_{};  // of the log's allowance
  size_t logged_ = 0;    // refusals logged in it
  size_t not_logged_ = 0;
  std::atomic<uint64_t> dropped_{0};
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Stamped> queue_;
  std::jthread thread_;  // last: it uses all of the above
};

/// The line that the file gets, with its newline. (secretfs(1), AUDIT)
std::string AuditLine(WallTime time, const AuditEvent& event);

}  // namespace secretfs
