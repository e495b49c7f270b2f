// A decision as text: a line of JSON for the audit file, fields for systemd's journal. Pure.
// (secretfs(1), AUDIT)
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "core/audit.h"

namespace secretfs {

/// An event and when it was decided.
struct StampedEvent {
  WallTime time;
  AuditEvent event;
};

/// "open", "access", "lookup" or "credential".
std::string_view OperationName(AuditEvent::Operation operation) noexcept;

/// With its newline. The fields and their order are those of the manual; what does not apply is
/// empty or 0, `failure` absent.
std::string AuditLine(WallTime time, const AuditEvent& event);

/// One entry in the journal's native protocol, with the facts as SECRETFS_ fields.
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL)
std::string JournalEntry(const AuditEvent& event);

}  // namespace secretfs
