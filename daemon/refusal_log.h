// RefusalLog: refusals as lines of the log, whether or not there is an audit, and credentials that
// a unit did not get, since systemd tells nobody why. A hundred a second, and another hundred of
// what systemd itself asked for, so that no user's flood hides these; the rest is counted. Not
// thread-safe: the audit thread's.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/log.h"
#include "core/audit.h"

namespace secretfs {

/// Whether it is systemd that asks, to give the content to a unit as a credential.
bool IsForCredential(const AuditEvent& event);
/// Whether it is that, and systemd without doubt: a program of root's, which no user can run.
bool IsSystemdsRead(const AuditEvent& event);

class RefusalLog {
 public:
  RefusalLog(const Clock& clock, Log& log) : clock_(clock), log_(log) {}

  /// Nothing is said of what was given.
  void Tell(const AuditEvent& event);
  /// That so many refusals of a user are not on record one by one.
  void TellMore(uid_t uid, uint64_t count);
  /// Whether some were kept out of the log and not yet counted there.
  [[nodiscard]] bool owes() const noexcept { return not_logged_ > 0; }
  /// Says how many were kept out of the log, if any were.
  void Count();

 private:
  void TellOfCredential(const AuditEvent& event);

  const Clock& clock_;
  Log& log_;
  SteadyTime second_{};         // of the log's allowance
  size_t logged_ = 0;           // in it
  size_t systemds_logged_ = 0;  // in it, of what systemd asked for
  size_t not_logged_ = 0;
};

}  // namespace secretfs
