#include "core/config_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "core/glob.h"
#include "core/unit.h"

namespace secretfs::config_rules {
namespace {

using config_read::Map;
using Kind = CallerRule::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 5> kKinds{{{"user", Kind::kUser},
                                                                   {"group", Kind::kGroup},
                                                                   {"unit", Kind::kUnit},
                                                                   {"user-unit", Kind::kUserUnit},
                                                                   {"exe", Kind::kExecutable}}};

/// Of a unit's name a backslash is a part, so that one that is meant to escape is rarely what its
/// writer thinks.
bool HasLoneBackslash(std::string_view glob) noexcept {
  for (size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] != '\\') continue;
    const char next = ++i < glob.size() ? glob[i] : '\0';
    if (next != '\\' && next != '*' && next != '?') return true;
  }
  return false;
}

Result<std::string> UnitGlob(const Map& map, const YamlNode& node, const std::string& glob) {
  if (glob.find('/') != std::string::npos) {
    return map.At(node, "the name of a unit has no slash", "as in unit:nginx.service");
  }
  if (HasLoneBackslash(glob)) {
    return map.At(node, Quote(glob) + " has a single backslash",
                  "write it twice, as in unit:dev-disk\\\\x2dby\\\\x2dlabel.swap");
  }
  if (const auto problem = GlobProblem(glob)) return map.At(node, Quote(glob) + " " + *problem, "");
  const auto suffixes = UnitSuffixes();
  const bool whole = glob.ends_with('*') || std::ranges::any_of(suffixes, [&](auto suffix) {
                       return glob.ends_with(suffix) && glob.size() > suffix.size();
                     });
  if (whole) return glob;
  const std::string example = glob.find('.') == std::string::npos ? glob : "nginx";
  const std::vector<std::string> others(suffixes.begin() + 1, suffixes.end());
  return map.At(node, Quote(glob) + " does not end as the name of a unit that has processes",
                "as in " + example + ".service; others: " + Join(others));
}

Status ReadWho(const Map& map, const YamlNode& node, const std::string& text, CallerRule& rule) {
  if (text.find_first_of("*?[]{}") != std::string::npos) {
    return map.At(node, Quote(text) + " is not the name of a user or group",
                  "patterns are for unit, user-unit and exe; list the names");
  }
  rule.who = TRY(config_read::Who(map, node, text));
  return Ok{};
}

Status ReadUserUnit(const Map& map, const YamlNode& node, const std::string& text,
                    CallerRule& rule) {
  const size_t slash = text.find('/');
  if (slash == 0) {
    return map.At(node, "'user-unit' names no user", "as in user-unit:alice/backup.service");
  }
  if (slash != std::string::npos) TRY(ReadWho(map, node, text.substr(0, slash), rule));
  rule.pattern =
      TRY(UnitGlob(map, node, slash == std::string::npos ? text : text.substr(slash + 1)));
  return Ok{};
}

Status ReadProgram(const Map& map, const YamlNode& node, const std::string& text,
                   CallerRule& rule) {
  if (!text.starts_with('/')) {
    return map.At(node, Quote(text) + " is not the path of a program",
                  "an absolute one, as in exe:/usr/sbin/nginx");
  }
  if (const auto problem = GlobProblem(std::string_view(text).substr(1))) {
    return map.At(node, Quote(text) + " " + *problem, "");
  }
  rule.pattern = text;
  return Ok{};
}

Result<CallerRule> ReadRule(const Map& map, const YamlNode& node) {
  CallerRule rule;
  rule.text = TRY(config_read::Scalar(map, node, "a rule"));
  const size_t colon = rule.text.find(':');
  const std::string kind = rule.text.substr(0, colon);
  const auto* known =
      std::ranges::find_if(kKinds, [&](const auto& named) { return named.first == kind; });
  if (colon == std::string::npos || colon + 1 == rule.text.size() || known == kKinds.end()) {
    return map.At(node, Quote(rule.text) + " is not a rule",
                  "write user:NAME, group:NAME, unit:NAME.service, user-unit:NAME.service or "
                  "exe:/PATH");
  }
  rule.kind = known->second;
  const std::string rest = rule.text.substr(colon + 1);
  switch (rule.kind) {
    case Kind::kUser:
    case Kind::kGroup:
      TRY(ReadWho(map, node, rest, rule));
      break;
    case Kind::kUnit:
      rule.pattern = TRY(UnitGlob(map, node, rest));
      break;
    case Kind::kUserUnit:
      TRY(ReadUserUnit(map, node, rest, rule));
      break;
    case Kind::kExecutable:
      TRY(ReadProgram(map, node, rest, rule));
      break;
  }
  return rule;
}

}  // namespace

Result<std::vector<CallerRule>> Read(const Map& map, const YamlNode& node, const std::string& key) {
  if (node.kind != YamlNode::Kind::kList) {
    return map.At(node, Quote(key) + " must be a list",
                  "as in " + key + ": [\"group:monitoring\"]");
  }
  std::vector<CallerRule> rules;
  for (const YamlNode& item : node.items) rules.push_back(TRY(ReadRule(map, item)));
  if (rules.empty() && key == "confine_to") {
    return map.At(node, "'confine_to' lists nobody", "leave it out, or say who may read");
  }
  return rules;
}

}  // namespace secretfs::config_rules
