// Finds unit files with their drop-ins as the system's manager of systemd does (systemd.unit(5),
// "Unit File Load Path").
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/unit_risks.h"

namespace secretfs {

/// What one unit is made of. Other names of it (aliases) are no units of their own.
struct FoundUnit {
  std::string name;             // may be a template, "app@.service"
  std::vector<UnitFile> files;  // its own, then its drop-ins in their order
};

struct UnitSearch {
  std::vector<FoundUnit> units;     // by name; without those that are masked
  std::vector<std::string> unread;  // files that systemd would read and that could not be read
};

/// The folders of the system's manager, in their order.
std::span<const std::string_view> SystemUnitFolders();

/// Of equal names the one in the earlier folder counts. Files for which `avoid` holds, which is
/// asked before anything of them is, are taken as unread.
UnitSearch FindUnits(std::span<const std::string> folders,
                     const std::function<bool(const std::string&)>& avoid);

}  // namespace secretfs
