// The record of decisions: who asked for what, and was it given. The daemon writes it
// (daemon/audit_log.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace secretfs {

struct AuditEvent {
  enum class Operation { kOpen, kAccess };
  Operation operation = Operation::kOpen;
  bool allowed = false;
  std::string rule;
  std::string name;  // path below the mount point
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;           // thread id, as the kernel reports it
  std::string executable;  // of the caller, "" when it cannot be told
};

/// Thread-safe; never blocks.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  /// Whether Record() would keep such an event; spares gathering facts that nobody wants.
  [[nodiscard]] virtual bool Wants(bool allowed) const noexcept = 0;
  virtual void Record(AuditEvent event) noexcept = 0;
};

}  // namespace secretfs
