#include "daemon/audit_line.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time_text.h"

namespace secretfs {
namespace {

/// A string in quotes. Nearly every one is plain, and building a JSON value for each event costs
/// more than all the rest of its line.
void AppendJson(std::string& line, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  if (plain) {
    line.append(1, '"').append(text).append(1, '"');
    return;
  }
  line += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A value with a newline in it is given with its length, so that it cannot end its field and begin
/// another one.
void AppendField(std::string& entry, std::string_view name, std::string_view value) {
  entry.append(name);
  if (value.find('\n') == std::string_view::npos) {
    entry.append(1, '=').append(value).append(1, '\n');
    return;
  }
  entry.append(1, '\n');
  for (unsigned byte = 0; byte < sizeof(uint64_t); ++byte) {
    entry.append(1, static_cast<char>((uint64_t{value.size()} >> (8 * byte)) & 0xffU));
  }
  entry.append(value).append(1, '\n');
}

/// What a person reads in the journal.
std::string Message(const AuditEvent& event) {
  if (event.rule == kFloodRule) return event.failure + " to uid " + std::to_string(event.uid);
  std::string text = event.allowed ? "granted " : "denied ";
  text.append(OperationName(event.operation)).append(" of ").append(Quote(event.name));
  text += " to uid " + std::to_string(event.uid);
  if (!event.units.unit.empty()) text += " in " + Printable(event.units.unit);
  text += " (rule " + Printable(event.rule) + ")";
  if (!event.failure.empty()) text += ", but it failed: " + Printable(event.failure);
  return text;
}

}  // namespace

AuditEvent MoreRefused(uid_t uid, bool credentials, uint64_t count) {
  AuditEvent event;
  if (credentials) event.operation = AuditEvent::Operation::kCredential;
  event.rule = kFloodRule;
  event.failure = std::to_string(count) + " more refused";
  event.uid = uid;
  return event;
}

std::string_view OperationName(AuditEvent::Operation operation) noexcept {
  switch (operation) {
    case AuditEvent::Operation::kOpen:
      return "open";
    case AuditEvent::Operation::kAccess:
      return "access";
    case AuditEvent::Operation::kLookup:
      return "lookup";
    case AuditEvent::Operation::kCredential:
      break;
  }
  return "credential";
}

std::string AuditLine(WallTime time, const AuditEvent& event) {
  std::string line = "{\"time\":\"" + TimeText(time) + "\",\"operation\":\"";
  line += OperationName(event.operation);
  line += "\",\"secret\":";
  AppendJson(line, event.name);
  line += ",\"version\":" + std::to_string(event.version);
  line += ",\"uid\":" + std::to_string(event.uid);
  line += ",\"gid\":" + std::to_string(event.gid);
  line += ",\"pid\":" + std::to_string(event.pid);
  line += ",\"tgid\":" + std::to_string(event.process);
  line += ",\"unit\":";
  AppendJson(line, event.units.unit);
  line += ",\"user_unit\":";
  AppendJson(line, event.units.user_unit);
  line += ",\"executable\":";
  AppendJson(line, event.executable);
  line += ",\"rule\":";
  AppendJson(line, event.rule);
  line += event.allowed ? ",\"decision\":\"granted\"" : ",\"decision\":\"denied\"";
  if (!event.failure.empty()) {
    line += ",\"failure\":";
    AppendJson(line, event.failure);
  }
  return line + "}\n";
}

std::string JournalEntry(const AuditEvent& event) {
  std::string entry;
  AppendField(entry, "MESSAGE", Message(event));
  AppendField(entry, "PRIORITY", event.allowed && event.failure.empty() ? "6" : "4");
  AppendField(entry, "SYSLOG_IDENTIFIER", "secretfs");
  AppendField(entry, "SECRETFS_OPERATION", OperationName(event.operation));
  AppendField(entry, "SECRETFS_SECRET", event.name);
  AppendField(entry, "SECRETFS_VERSION", std::to_string(event.version));
  AppendField(entry, "SECRETFS_UID", std::to_string(event.uid));
  AppendField(entry, "SECRETFS_GID", std::to_string(event.gid));
  AppendField(entry, "SECRETFS_PID", std::to_string(event.pid));
  AppendField(entry, "SECRETFS_TGID", std::to_string(event.process));
  AppendField(entry, "SECRETFS_UNIT", event.units.unit);
  AppendField(entry, "SECRETFS_USER_UNIT", event.units.user_unit);
  AppendField(entry, "SECRETFS_EXECUTABLE", event.executable);
  AppendField(entry, "SECRETFS_RULE", event.rule);
  AppendField(entry, "SECRETFS_DECISION", event.allowed ? "granted" : "denied");
  if (!event.failure.empty()) AppendField(entry, "SECRETFS_FAILURE", event.failure);
  return entry;
}

}  // namespace secretfs
