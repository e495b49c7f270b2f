// One line of the audit file, as `secretfs audit` reads, filters and shows it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace secretfs {

struct AuditRecord {
  std::string time;  // RFC 3339, UTC
  std::string operation;
  std::string secret;
  uint64_t version = 0;
  uint64_t uid = 0;
  uint64_t pid = 0;
  std::string unit;
  std::string user_unit;
  std::string executable;
  std::string rule;
  std::string failure;
  bool granted = false;
};

/// Nothing when the line is no record.
std::optional<AuditRecord> ParseAuditLine(std::string_view line);

struct AuditFilter {
  std::vector<std::string> secrets{};  // patterns (core/glob.h), any of which fits; none: all
  std::vector<std::string> units{};    // of the system's or the user's unit
  std::string since{};                 // a time as in the records, or the beginning of one
  bool denied = false;                 // nothing that was granted
  [[nodiscard]] bool Fits(const AuditRecord& record) const;
};

/// For AuditFilter::since: "10m", "2h", "3d" before `now`, or "2026-11-20T14:00" and the like.
/// Errors: kInvalid.
Result<std::string> ReadSince(const std::string& text, WallTime now);

/// The cells under kAuditHeading; `user` is the name of its uid.
std::vector<std::string> AuditRow(const AuditRecord& record, const std::string& user);
std::vector<std::string> AuditHeading();

}  // namespace secretfs
