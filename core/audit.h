// The record of decisions: who asked for what, was it given, and by which rule. The daemon writes
// it (daemon/audit_log.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "core/unit.h"

namespace secretfs {

struct AuditEvent {
  enum class Operation {
    kOpen,
    kAccess,      // access(2)
    kLookup,      // a credential asked for by its name in .credstore
    kCredential,  // a credential asked for through a socket
  };
  Operation operation = Operation::kOpen;
  bool allowed = false;
  std::string rule;
  std::string name;      // path below the mount point
  uint64_t version = 0;  // that was given, if any
  std::string failure;   // why who was allowed got nothing; never content
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;           // thread id, as the kernel reports it
  pid_t process = 0;       // of that thread, 0 when it cannot be told
  Units units;             // of the caller
  std::string executable;  // of the caller, "" when it cannot be told
};

/// Thread-safe; never blocks.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  /// Whether Record() would keep such an event; spares gathering facts that nobody wants.
  [[nodiscard]] virtual bool Wants(bool allowed) const noexcept = 0;
  /// The same for one of user `uid` that is allowed and fails.
  [[nodiscard]] virtual bool WantsFailure(uid_t uid) const noexcept = 0;
  /// False: it is not on record and has to be, so what was allowed must not be given.
  [[nodiscard]] virtual bool Record(AuditEvent event) noexcept = 0;
};

}  // namespace secretfs
