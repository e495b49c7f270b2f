// The files that rules are for: all that fit one in the folder of the rules and below.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/rules_file.h"

namespace secretfs {

struct WalkedFiles {
  std::vector<std::string> paths;  // sorted
  std::vector<Error> problems;     // folders that cannot be read
};

/// Regular files only; links are not followed. .git is left out, and so are folders with a rules
/// file of their own, which holds there.
WalkedFiles FilesOf(const RulesFile& rules);

}  // namespace secretfs
