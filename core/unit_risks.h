// What of a unit systemd itself, PID 1, looks at in the file system, and not a child of its that
// could wait: where that is served by us, a server that does not answer would hang the machine, as
// nobody could start it again. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/path_trace.h"
#include "core/unit_file.h"

namespace secretfs {

struct UnitFile {
  std::string path;
  std::vector<UnitAssignment> assignments;
};

struct UnitRisk {
  std::string unit;
  std::string file;
  size_t line = 0;
  std::string directive;  // "EnvironmentFile"
  std::string value;      // as it is written
  std::string below;      // the path below the folder; "" is the folder itself
  bool operator==(const UnitRisk&) const = default;
};

/// What of a unit looks into the folder. `files`: its own, then its drop-ins in their order.
/// What an empty assignment takes back is no risk. Of a template without an instance, what depends
/// on that is none either.
std::vector<UnitRisk> RisksOf(const std::string& unit, std::span<const UnitFile> files,
                              const PathTrace& trace);

/// The text with its specifiers (%i, %t) as the system's manager has them; those that cannot be
/// told from the name are PathTrace::kUnknown.
std::string ExpandSpecifiers(std::string_view text, std::string_view unit);

}  // namespace secretfs
