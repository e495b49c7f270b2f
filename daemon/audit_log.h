// AuditLog: writes decisions from a thread of its own, so that the mount never waits for a disk.
// Everything goes to the audit file and to systemd's journal, as the configuration says; refusals
// go to the log in any case (daemon/refusal_log.h). Too many of one user are one line a second
// (daemon/audit_budget.h). A full queue drops and counts, refusals first; or, if decisions must be
// on record, nobody is given anything meanwhile.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "core/audit.h"
#include "core/config.h"
#include "daemon/audit_budget.h"
#include "daemon/audit_file.h"
#include "daemon/audit_journal.h"
#include "daemon/audit_line.h"
#include "daemon/refusal_log.h"

namespace secretfs {

class AuditLog final : public AuditSink {
 public:
  /// Errors: the file's. A journal that is not there is not one; it may come.
  static Result<std::unique_ptr<AuditLog>> Open(const AuditConfig& config, const Clock& clock,
                                                Log& log,
                                                std::string journal_socket = AuditJournal::kSocket);
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;
  ~AuditLog() override;  // writes what is queued

  /// From now on as `config` says; if its file cannot be opened, as before. Errors: the file's.
  Status Reconfigure(const AuditConfig& config);

  [[nodiscard]] bool Wants(bool allowed) const noexcept override { return !allowed || kept_; }
  /// Of root also without an audit: it may be systemd that failed to get a credential.
  [[nodiscard]] bool WantsFailure(uid_t uid) const noexcept override { return uid == 0 || kept_; }
  [[nodiscard]] bool Record(AuditEvent event) noexcept override;
  /// Events that the file, or the journal, will never have.
  [[nodiscard]] uint64_t dropped() const noexcept { return not_queued_ + lost_; }

 private:
  /// Where decisions go.
  struct Places {
    AuditConfig config;
    std::unique_ptr<AuditFile> file;
    std::unique_ptr<AuditJournal> journal;
    bool file_fails = false;
    bool journal_fails = false;
  };
  /// What was decided before a Reconfigure(), and where everything goes after that.
  struct Move {
    std::deque<StampedEvent> before;
    Places places;
  };
  AuditLog(Places places, const Clock& clock, Log& log, std::string journal_socket);
  static Result<Places> OpenPlaces(const AuditConfig& config, const std::string& journal_socket);
  bool Refuse(AuditEvent event);
  void Work(const std::stop_token& stop);
  std::deque<StampedEvent> TakeQueue(bool idle);
  void Keep(const std::deque<StampedEvent>& batch);
  void Flush();
  bool Tell(const Status& status, bool& fails, std::string_view place);
  void TakeOver(Places next);
  [[nodiscard]] size_t Waiting() const;
  [[nodiscard]] uint64_t LostByPlaces() const;

  const Clock& clock_;
  Log& log_;
  const std::string journal_socket_;
  Places places_;  // the thread's
  RefusalLog refusals_;
  uint64_t lost_before_ = 0;        // by places that were given up
  std::atomic<bool> kept_;          // there is a file or a journal
  std::atomic<bool> required_;      // what was allowed must be on record
  std::atomic<bool> works_ = true;  // the newest decisions could be written where they go now
  std::atomic<uint64_t> not_queued_{0};
  std::atomic<uint64_t> lost_{0};
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  RefusalBudget budget_;
  std::deque<StampedEvent> queue_;
  AuditConfig config_;
  std::deque<Move> moves_;
  size_t moving_ = 0;    // moves that the thread has not made
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace secretfs
