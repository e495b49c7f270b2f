// The systemd unit that a process belongs to, as its cgroup tells: only root moves processes
// between units, so it can be relied on where a process's name cannot. (systemd.unit(5),
// "delegation" in CGROUP_DELEGATION)
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace secretfs {

struct Units {
  std::string unit;           // of the system's manager: "nginx.service"; "" when it cannot be told
  std::string user_unit;      // of a user's own manager, inside `unit` user@UID.service; else ""
  std::optional<uid_t> user;  // whose manager that is
  bool operator==(const Units&) const = default;
};

/// From the text of a /proc/PID/cgroup: the line of the unified hierarchy or, where systemd does
/// not use that, of systemd's own. Empty for what is not well formed and for paths outside of our
/// cgroup namespace. What a unit makes below its own cgroup counts as the unit.
Units UnitsOf(std::string_view cgroup);

/// Whether UnitsOf() takes such a text's line of the unified hierarchy and looks at no other.
bool IsDecidedByUnified(std::string_view cgroup) noexcept;

/// Of the kinds of unit that have processes: ".service" and others.
std::span<const std::string_view> UnitSuffixes() noexcept;

}  // namespace secretfs
