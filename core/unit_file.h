// The text of a unit file of systemd, or of a drop-in, as what it assigns (systemd.syntax(7)).
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace secretfs {

struct UnitAssignment {
  std::string section;  // "Service"
  std::string key;
  std::string value;  // without the blanks around it; lines that go on are joined by a blank
  size_t line = 0;    // where it begins, from 1
  bool operator==(const UnitAssignment&) const = default;
};

/// In their order. What systemd passes over, such as lines without '=' and what stands before the
/// first section, is left out.
std::vector<UnitAssignment> ParseUnitFile(std::string_view text);

}  // namespace secretfs
