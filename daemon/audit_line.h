// A decision as text: a line of JSON for the audit file, fields for systemd's journal. Pure.
// (secretfs(1), AUDIT)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "core/audit.h"

namespace secretfs {

/// An event and when it was decided.
struct StampedEvent {
  WallTime time;
  AuditEvent event;
  uint64_t more = 0;  // refusals that it stands for (MoreRefused)
};

/// The rule of an event that stands for many refusals.
constexpr const char* kFloodRule = "flood";

/// What is on record instead of `count` more refusals of a user in a moment.
AuditEvent MoreRefused(uid_t uid, bool credentials, uint64_t count);

/// "open", "access", "lookup" or "credential".
std::string_view OperationName(AuditEvent::Operation operation) noexcept;

/// With its newline. The fields and their order are those of the manual; what does not apply is
/// empty or 0, `failure` absent.
std::string AuditLine(WallTime time, const AuditEvent& event);

/// One entry in the journal's native protocol, with the facts as SECRETFS_ fields.
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL)
std::string JournalEntry(const AuditEvent& event);

}  // namespace secretfs
