// Unit files of any bytes: what is assigned stands in the text; what is found at risk is assigned
// there, and what an empty assignment at the end takes back is not. Paths with any links end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "core/unit_risks.h"

namespace {

using namespace secretfs;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::optional<std::string> ReadLink(const std::string& path) {
  Require(!path.starts_with("/run/secrets/") && path != "/run/secrets");
  if (path.size() % 5 == 0) return "../" + path.substr(path.rfind('/') + 1);
  if (path.size() % 7 == 0) return "/run/secrets/x";
  return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const PathTrace trace("/run/secrets", {{"/etc/a/b", "/run/secrets/b"}, {"/etc/a/c", "/etc"}},
                        ReadLink);
  const std::vector<UnitAssignment> assignments = ParseUnitFile(text);
  const auto lines = static_cast<size_t>(std::ranges::count(text, '\n')) + 1;
  size_t last = 0;
  for (const UnitAssignment& assignment : assignments) {
    Require(assignment.line > last && assignment.line <= lines);
    // A key may be of several lines.
    Require(text.find(assignment.key) != std::string::npos ||
            text.find("\\\n") != std::string::npos);
    last = assignment.line;
  }
  const std::vector<UnitFile> files{{"/u", assignments}};
  for (const char* unit : {"a.service", "a@.service", "a-b@c\\x2dd.path", ""}) {
    for (const UnitRisk& risk : RisksOf(unit, files, trace)) {
      Require(std::ranges::any_of(assignments, [&](const UnitAssignment& assignment) {
        return assignment.line == risk.line && assignment.key == risk.directive &&
               assignment.value == risk.value;
      }));
    }
  }
  const UnitFile reset{"/v", ParseUnitFile("[Service]\nEnvironmentFile=\n[Unit]\n"
                                           "ConditionPathExists=\nAssertPathExists=\n")};
  for (const UnitRisk& risk : RisksOf("a.service", std::vector{files[0], reset}, trace)) {
    Require(risk.directive != "EnvironmentFile" && !risk.directive.starts_with("Condition") &&
            !risk.directive.starts_with("Assert"));
  }
  return 0;
}
