// Names of units and signals as systemd spells them (systemd.unit(5), signal(7)).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace secretfs {

/// Whether `name` is that of one unit: no pattern, no template without an instance, no path, at
/// most 255 bytes, with a known suffix.
bool IsUnitName(std::string_view name);

/// What follows the last dot of a unit's name, "service".
std::string_view UnitSuffix(std::string_view name);

/// "SIGHUP" or "HUP"; nothing for what has no such name here.
std::optional<int> SignalNumber(std::string_view name);

}  // namespace secretfs
