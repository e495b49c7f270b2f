#include "cli/audit_record.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "core/glob.h"
#include "base/time_text.h"

namespace secretfs {
namespace {

using Json = nlohmann::json;

bool FitsAny(const std::vector<std::string>& patterns, const std::string& text) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& glob) { return GlobMatches(glob, text); });
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : Printable(text); }

/// The beginning of "2026-11-20T14:59:48.607".
bool IsTime(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.ddd";
  constexpr size_t kDay = 10;
  if (text.size() < kDay || text.size() > kShape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<AuditRecord> ParseAuditLine(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    AuditRecord record;
    record.time = json.at("time").get<std::string>();
    record.operation = json.value("operation", "");
    record.secret = json.at("secret").get<std::string>();
    record.version = json.value("version", uint64_t{0});
    record.uid = json.value("uid", uint64_t{0});
    record.pid = json.value("tgid", uint64_t{0});
    if (record.pid == 0) record.pid = json.value("pid", uint64_t{0});
    record.unit = json.value("unit", "");
    record.user_unit = json.value("user_unit", "");
    record.executable = json.value("executable", "");
    record.rule = json.value("rule", "");
    record.failure = json.value("failure", "");
    record.granted = json.at("decision") == "granted";
    return record;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

bool AuditFilter::Fits(const AuditRecord& record) const {
  if (denied && record.granted) return false;
  if (!since.empty() && record.time < since) return false;
  if (!secrets.empty() && !FitsAny(secrets, record.secret)) return false;
  return units.empty() || FitsAny(units, record.unit) || FitsAny(units, record.user_unit);
}

Result<std::string> ReadSince(const std::string& text, WallTime now) {
  const Error problem{Code::kInvalid, Quote(text) + " is not a time", "",
                      "as in 10m, 2h, 3d, 2026-11-20 or 2026-11-20T14:00 (UTC)"};
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  int64_t seconds = 0;
  if (unit == "s") seconds = 1;
  if (unit == "m") seconds = 60;
  if (unit == "h") seconds = 3600;
  if (unit == "d") seconds = 86400;
  constexpr int64_t kMost = 1'000'000;
  if (error == std::errc() && seconds > 0) {
    if (number < 0 || number > kMost) return problem;
    return TimeText(now - std::chrono::seconds(number * seconds));
  }
  std::string time = text;
  if (time.ends_with('Z')) time.pop_back();
  std::ranges::replace(time, ' ', 'T');
  if (!IsTime(time)) return problem;
  return time;
}

std::vector<std::string> AuditHeading() {
  return {"TIME (UTC)", "DECISION", "SECRET", "VERSION", "USER", "UNIT", "PROGRAM", "PID", "RULE"};
}

std::vector<std::string> AuditRow(const AuditRecord& record, const std::string& user) {
  std::string time = Printable(record.time);
  std::ranges::replace(time, 'T', ' ');
  if (time.ends_with('Z')) time.pop_back();
  std::string decision = record.granted ? "granted" : "denied";
  if (record.granted && !record.failure.empty()) decision = "failed";
  std::string unit = OrDash(record.unit);
  if (!record.user_unit.empty()) unit += "/" + Printable(record.user_unit);
  std::vector<std::string> row{std::move(time),
                               std::move(decision),
                               OrDash(record.secret),
                               record.version == 0 ? "-" : std::to_string(record.version),
                               user,
                               std::move(unit),
                               OrDash(record.executable),
                               std::to_string(record.pid),
                               OrDash(record.rule)};
  if (!record.failure.empty()) row.back() += ": " + Printable(record.failure);
  return row;
}

}  // namespace secretfs
