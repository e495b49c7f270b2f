#include "daemon/refusal_log.h"

#include <chrono>
#include <string_view>

#include "daemon/audit_line.h"

namespace secretfs {
namespace {

constexpr size_t kMostLogged = 100;  // a second, of either kind
constexpr std::chrono::seconds kSecond{1};

/// systemd's own program, which reads credentials after it has entered the cgroup of their unit.
bool RunsSystemd(const AuditEvent& event) {
  const std::string_view program = event.executable;
  return program.ends_with("/lib/systemd/systemd") ||
         program.ends_with("/lib/systemd/systemd-executor");
}

std::string_view ReasonOf(const AuditEvent& event) {
  if (!event.failure.empty()) return event.failure;
  if (event.rule == "confine_to") return "confine_to does not name this unit";
  return "no rule lets this unit read it";
}

}  // namespace

bool IsForCredential(const AuditEvent& event) {
  switch (event.operation) {
    case AuditEvent::Operation::kLookup:
    case AuditEvent::Operation::kCredential:
      return true;
    case AuditEvent::Operation::kAccess:
      return false;
    case AuditEvent::Operation::kOpen:
      break;
  }
  const std::string& unit = event.units.unit;
  return event.uid == 0 && !unit.empty() && unit != "init.scope" && RunsSystemd(event);
}

bool IsSystemdsRead(const AuditEvent& event) {
  return event.uid == 0 && RunsSystemd(event) && IsForCredential(event);
}

void RefusalLog::Tell(const AuditEvent& event) {
  const bool credential = IsForCredential(event);
  const bool failed_credential = credential && !event.failure.empty();
  if (event.allowed && !failed_credential) return;
  if (const SteadyTime now = clock_.Steady(); now - second_ >= kSecond) {
    Count();
    second_ = now;
    logged_ = 0;
    systemds_logged_ = 0;
  }
  size_t& logged = IsSystemdsRead(event) ? systemds_logged_ : logged_;
  if (++logged > kMostLogged) {
    ++not_logged_;
    return;
  }
  if (credential) return TellOfCredential(event);
  log_.Warning("denied", {{"secret", event.name},
                          {"operation", OperationName(event.operation)},
                          {"uid", event.uid},
                          {"gid", event.gid},
                          {"pid", event.pid},
                          {"unit", event.units.unit},
                          {"user_unit", event.units.user_unit},
                          {"executable", event.executable},
                          {"rule", event.rule},
                          {"reason", event.failure}});
}

void RefusalLog::TellOfCredential(const AuditEvent& event) {
  log_.Warning(event.allowed ? "credential_failed" : "credential_denied",
               {{"unit", event.units.unit},
                {"user_unit", event.units.user_unit},
                {"secret", event.name},
                {"rule", event.rule},
                {"reason", ReasonOf(event)}});
}

void RefusalLog::TellMore(uid_t uid, uint64_t count) {
  log_.Warning("more_denied", {{"uid", uid}, {"count", count}});
}

void RefusalLog::Count() {
  if (not_logged_ > 0) log_.Warning("more_denied", {{"count", not_logged_}});
  not_logged_ = 0;
}

}  // namespace secretfs
