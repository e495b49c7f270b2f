#include "cli/status_table.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "base/text.h"
#include "cli/table.h"

namespace secretfs {
namespace {

using Json = nlohmann::json;
using Row = std::vector<std::string>;

/// In the order in which a person wants to see them.
constexpr std::array<std::string_view, 4> kStates{"failed", "stale", "pending", "ready"};

/// What is pending for a reason is waited for by somebody; what nobody asked for is not.
size_t Rank(const Json& secret) {
  const auto& state = secret.at("state").get_ref<const std::string&>();
  if (state == "pending" && !secret.contains("reason")) return kStates.size();
  return static_cast<size_t>(std::ranges::find(kStates, state) - kStates.begin());
}

std::string Field(const Json& secret, const char* key) {
  const auto at = secret.find(key);
  if (at == secret.end()) return "-";
  return at->is_string() ? Printable(at->get<std::string>()) : at->dump();
}

std::string Ago(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() ? "-" : ShortDuration(at->get<uint64_t>()) + " ago";
}

size_t WidestLine(const std::string& text) {
  std::istringstream lines(text);
  size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

/// Columns that a narrow terminal has no place for go, the least important first.
std::string Fit(std::vector<Row> rows, size_t width) {
  std::string table = FormatTable(rows);
  while (width > 0 && WidestLine(table) > width && rows[0].size() > 2) {
    for (Row& row : rows) row.pop_back();
    table = FormatTable(rows);
  }
  return table;
}

/// `lead` and then words, in lines of at most `width`; all but the first are indented.
std::string Wrap(const std::string& lead, const std::string& text, size_t width, size_t indent) {
  if (width <= indent) return lead + text + "\n";
  std::istringstream words(text);
  std::string out = lead;
  size_t column = lead.size();
  bool first = true;
  for (std::string word; words >> word; first = false) {
    if (!first && column + 1 + word.size() > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + "\n";
}

void AddReason(std::string& text, const std::string& of, const Json& object, size_t width) {
  if (object.contains("reason")) {
    text += Wrap("", of + ": " + Field(object, "reason"), width, 2);
    if (object.contains("hint")) text += Wrap("  ", "hint: " + Field(object, "hint"), width, 4);
  }
  if (object.contains("left_out")) {
    const auto left_out = object.at("left_out").get<std::vector<std::string>>();
    text += Wrap("", of + ": left out: " + Printable(Join(left_out, "; ")), width, 2);
  }
}

/// "user:web" as "user web".
std::string Words(std::string name) {
  const size_t colon = name.find(':');
  if (colon != std::string::npos) name[colon] = ' ';
  return name;
}

void AddUnknownNames(std::string& text, const Json& secret, size_t width) {
  if (!secret.contains("unknown_names")) return;
  std::vector<std::string> names;
  for (const Json& name : secret.at("unknown_names")) names.push_back(Words(name));
  text += Wrap("", Field(secret, "name") + ": waits for " + Printable(Join(names)) + " to exist",
               width, 2);
}

void AddCopies(std::string& text, const Json& secret, size_t width) {
  if (!secret.contains("copies")) return;
  for (const Json& copy : secret.at("copies")) {
    if (copy.at("state") != "failed") continue;
    AddReason(text, Field(secret, "name") + ": its copy", copy, width);
  }
}

std::string Summary(const Json& status) {
  std::vector<std::string> counts;
  for (const std::string_view state : {"ready", "stale", "failed", "pending"}) {
    const auto count = std::ranges::count_if(
        status.at("secrets"), [&](const Json& secret) { return secret.at("state") == state; });
    if (count > 0) counts.push_back(std::to_string(count) + " " + std::string(state));
  }
  std::string text = counts.empty() ? "no secrets" : Join(counts);
  if (status.contains("uptime")) {
    text += "; up " + ShortDuration(status.at("uptime").get<uint64_t>());
  }
  const Json reloads = status.value("reloads", Json::object());
  if (reloads.contains("failure_age")) {
    text += "; reload failed " + Ago(reloads, "failure_age");
  } else if (reloads.contains("age")) {
    text += "; last reload " + Ago(reloads, "age");
  }
  const Json survival = status.value("survival", Json::object());
  if (const auto restarts = survival.value("restarts", uint64_t{0}); restarts > 0) {
    text += "; restarted " + std::to_string(restarts) + (restarts == 1 ? " time" : " times");
  }
  if (const auto dropped = status.value("audit_dropped", uint64_t{0}); dropped > 0) {
    text += "; " + std::to_string(dropped) + " decisions not recorded";
  }
  return text + "\n";
}

}  // namespace

std::string ShortDuration(uint64_t seconds) {
  constexpr uint64_t kMinute = 60;
  constexpr uint64_t kHour = 60 * kMinute;
  constexpr uint64_t kDay = 24 * kHour;
  if (seconds < kMinute) return std::to_string(seconds) + "s";
  if (seconds < kHour) return std::to_string(seconds / kMinute) + "m";
  if (seconds < kDay) return std::to_string(seconds / kHour) + "h";
  return std::to_string(seconds / kDay) + "d";
}

std::string StatusText(const Json& status, size_t width) {
  std::vector<const Json*> secrets;
  for (const Json& secret : status.at("secrets")) secrets.push_back(&secret);
  std::ranges::stable_sort(secrets, {}, [](const Json* secret) { return Rank(*secret); });
  std::vector<Row> rows{{"SECRET", "STATE", "FROM", "CHANGED", "VERSION", "OPENS", "DENIED"}};
  std::string reasons;
  for (const Json* secret : secrets) {
    rows.push_back({Field(*secret, "name"), Field(*secret, "state"), Field(*secret, "origin"),
                    Ago(*secret, "age"), Field(*secret, "version"), Field(*secret, "opens"),
                    Field(*secret, "denials")});
    AddReason(reasons, Field(*secret, "name"), *secret, width);
    AddUnknownNames(reasons, *secret, width);
    AddCopies(reasons, *secret, width);
  }
  if (const Json reloads = status.value("reloads", Json::object()); !reloads.empty()) {
    AddReason(reasons, "the newest configuration is not in use", reloads, width);
  }
  std::string text = secrets.empty() ? "" : Fit(std::move(rows), width) + "\n";
  if (!reasons.empty()) text += reasons + "\n";
  return text + Summary(status);
}

}  // namespace secretfs
