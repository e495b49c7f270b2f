// What a supervisor leaves to the program that it becomes, and what it is left by the system: its
// children, and how willing the kernel is to end it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/supervisor.h"

namespace secretfs {

std::string LegacyText(const SuperviseOptions::Legacy& legacy);
/// Of such a text. Errors: kInvalid.
Result<SuperviseOptions::Legacy> ParseLegacy(const std::string& text);

/// Children of this thread but those.
std::vector<pid_t> OtherChildren(const std::vector<pid_t>& known);

/// The kernel may end servers for want of memory, which costs nobody anything, but not us. Gives
/// the score that we had, for them; none when it stays.
std::optional<int> OutliveServers();

}  // namespace secretfs
