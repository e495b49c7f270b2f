// Files that tell of the daemon itself, in `.secretfs`: made anew when they are opened, and no
// secrets.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "core/config.h"
#include "core/snapshot.h"

namespace secretfs {

/// For the owner and group given, alone. `clock` outlives it; `describe` is called on a worker.
File OwnFile(const std::string& name, const ConfigDefaults& owner, const Clock& clock,
             std::function<std::string()> describe);

/// `.secretfs/alive`: everybody may read it, it says which process serves, and reading it is not on
/// record. Its value is there from the beginning, so that no reader of other files can keep who
/// looks at it waiting.
Result<File> HealthFile(const Clock& clock);
inline constexpr const char* kHealthFile = ".secretfs/alive";
/// What it says while this process serves.
std::string HealthText();

}  // namespace secretfs
