// An audit that keeps what it is told. Thread-safe.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "core/audit.h"

namespace secretfs::testkit {

class RecordingAudit final : public AuditSink {
 public:
  std::atomic<bool> wants_allowed = true;
  std::atomic<bool> wants_denied = true;
  std::atomic<bool> wants_failures = false;

  [[nodiscard]] bool Wants(bool allowed) const noexcept override {
    return allowed ? wants_allowed : wants_denied;
  }
  [[nodiscard]] bool WantsFailure(uid_t /*uid*/) const noexcept override { return wants_failures; }
  [[nodiscard]] bool Record(AuditEvent event) noexcept override {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    return keeps;
  }
  std::atomic<bool> keeps = true;  // what Record() answers
  [[nodiscard]] std::vector<AuditEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<AuditEvent> events_;
};

}  // namespace secretfs::testkit
