#include "daemon/status.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/time_text.h"

namespace secretfs {
namespace {

using Json = nlohmann::ordered_json;

Json Describe(const Error& error) {
  Json json{{"reason", error.Text()}};
  if (!error.hint.empty()) json["hint"] = error.hint;
  return json;
}

std::string ModeText(mode_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode & 0777U);
  return text.data();
}

std::string Words(const OnChange& change) {
  switch (change.action) {
    case OnChange::Action::kRestart:
      return "restart " + change.unit;
    case OnChange::Action::kReload:
      return "reload " + change.unit;
    case OnChange::Action::kSignal:
      break;
  }
  return "signal " + std::to_string(change.signal) + " to " + change.unit;
}

Json Describe(const Entry& entry) {
  const Entry::Report report = entry.GetWholeReport();
  Json json{
      {"name", entry.name()}, {"origin", entry.spec().origin}, {"state", StateName(report.state)}};
  if (report.value) {
    json["version"] = report.value->version;
    json["size"] = report.value->size();
    json["changed"] = TimeText(report.value->modified);
    for (const Note& note : report.value->notes) {
      json[note.by_design ? "left_out_by_design" : "left_out"].push_back(note.text);
    }
  }
  if (report.error) json.update(Describe(*report.error));
  return json;
}

Json Describe(const File& file, const Accounts* accounts) {
  Json json = Describe(*file.entry);
  if (accounts == nullptr) return json;
  const std::vector<std::string> unknown = UnknownNames(file.access, *accounts);
  if (!unknown.empty()) json["unknown_names"] = unknown;
  return json;
}

Json DescribeCopy(const std::string& path, const CopyStates& states) {
  const auto at = states.find(path);
  const bool failed = at != states.end() && at->second.error;
  const bool current = at != states.end() && at->second.current;
  Json json{{"path", path}, {"state", failed ? "failed" : current ? "current" : "pending"}};
  if (failed) json.update(Describe(*at->second.error));
  return json;
}

/// What is known of a file only while it is served.
Json Describe(const File& file, const StatusFacts& facts) {
  Json json = Describe(file, facts.accounts);
  const Entry::Report report = file.entry->GetWholeReport();
  if (report.value) json["age"] = SecondsBetween(report.value->modified, facts.now);
  if (report.tried != SteadyTime{}) {
    const auto since = facts.steady_now - report.tried;
    json["checked"] = TimeText(facts.now - std::chrono::duration_cast<WallTime::duration>(since));
  }
  json["opens"] = file.entry->usage().opens.load();
  json["denials"] = file.entry->usage().denials.load();
  json["owner"] = file.access.owner.text;
  json["group"] = file.access.group.text;
  json["mode"] = ModeText(file.access.mode);
  for (const std::string& path : file.consumers.copies)
    json["copies"].push_back(DescribeCopy(path, facts.copies));
  for (const OnChange& change : file.consumers.on_change)
    json["on_change"].push_back(Words(change));
  return json;
}

Json Describe(const Reloads& reloads, WallTime now) {
  Json json{{"succeeded", reloads.succeeded},
            {"failed", reloads.failed},
            {"asked", reloads.asked},
            {"answered", reloads.answered}};
  if (reloads.last) {
    json["last"] = TimeText(*reloads.last);
    json["age"] = SecondsBetween(*reloads.last, now);
  }
  if (reloads.last_failed) {
    json["last_failed"] = TimeText(*reloads.last_failed);
    json["failure_age"] = SecondsBetween(*reloads.last_failed, now);
  }
  if (reloads.error) json.update(Describe(*reloads.error));
  return json;
}

Json Describe(const Survival& survival) {
  Json reasons = Json::object();
  for (size_t i = 0; i < fs::kReopenReasons; ++i) {
    const auto reason = fs::ReasonName(static_cast<fs::ReopenFailure::Reason>(i));
    reasons[std::string(reason)] = survival.not_reopened[i];
  }
  return {{"supervisor", survival.supervisor},
          {"restarts", survival.restarts},
          {"hung", survival.hung},
          {"resent", survival.resent},
          {"replayed", survival.replayed},
          {"refused", survival.refused},
          {"restored", survival.restored},
          {"stale", survival.stale},
          {"not_restored", std::move(reasons)},
          {"longest_gap_ms", survival.longest_gap.count()}};
}

std::string Print(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

uint64_t SecondsBetween(WallTime from, WallTime to) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
  return seconds < 0 ? 0 : static_cast<uint64_t>(seconds);
}

std::string FilesJson(const std::vector<File>& files, const Accounts* accounts) {
  Json all = Json::array();
  for (const File& file : files) {
    if (!file.entry->spec().fresh) all.push_back(Describe(file, accounts));
  }
  return Print(all);
}

std::string StatusJson(const StatusFacts& facts, const std::vector<File>& files) {
  Json json{{"secretfs", facts.version},
            {"pid", facts.pid},
            {"started", TimeText(facts.started)},
            {"uptime", SecondsBetween(facts.started, facts.now)},
            {"reloads", Describe(facts.reloads, facts.now)},
            {"audit_dropped", facts.audit_dropped}};
  if (facts.waiting_readers) json["waiting_readers"] = *facts.waiting_readers;
  if (facts.survival) json["survival"] = Describe(*facts.survival);
  json["identity_problems"] = Json::array();
  for (const Error& problem : facts.identity_problems)
    json["identity_problems"].push_back(Describe(problem));
  json["secrets"] = Json::array();
  for (const File& file : files) {
    if (!file.entry->spec().fresh) json["secrets"].push_back(Describe(file, facts));
  }
  return Print(json);
}

}  // namespace secretfs
