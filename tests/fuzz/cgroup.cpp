// The unit that any text of a cgroup tells. What is found is the name of a unit that has processes,
// stands in the text, and is not changed by what is below it; only a user's manager has user units.
#include <algorithm>
#include <cstdlib>

#include "core/unit.h"

namespace {

using namespace secretfs;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckName(const std::string& name, std::string_view text) {
  if (name.empty()) return;
  Require(name.size() <= 255 && name.find_first_of("/ \n\t*?") == std::string::npos);
  Require(std::ranges::any_of(UnitSuffixes(),
                              [&](std::string_view suffix) { return name.ends_with(suffix); }));
  Require(text.find(name) != std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Units units = UnitsOf(text);
  CheckName(units.unit, text);
  CheckName(units.user_unit, text);
  Require(units.user || units.user_unit.empty());
  Require(!units.user || units.unit == "user@" + std::to_string(*units.user) + ".service" ||
          units.unit.starts_with("user@0"));  // leading zeros
  const std::string path(text.substr(0, text.find('\n')));
  const Units above = UnitsOf("0::" + path);
  if (!above.unit.empty() && path.size() < 4000) {
    Require(UnitsOf("0::" + path + "/child").unit == above.unit);
  }
  return 0;
}
