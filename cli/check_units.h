// `secretfs check --units`: which units systemd cannot load or start without looking into the mount
// itself (core/unit_risks.h), and what to do instead.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "core/config.h"

namespace secretfs {

struct UnitsToCheck {
  std::string folder;  // of unit files; empty: those of this system, with its symlinks
  std::string mount_point;
  bool json = false;
};

/// kFailed if one is at risk.
ExitCode CheckUnits(const UnitsToCheck& what, const Config& config);

}  // namespace secretfs
