// The state of every secret as JSON, for .secretfs/status.json and `secretfs status`. Names and
// reasons, no values.
#pragma once

#include <string>
#include <vector>

#include "core/entry.h"

namespace secretfs {

struct StatusFacts {
  std::string version;
  WallTime started;
  uint64_t audit_dropped = 0;
  std::vector<Error> identity_problems;
};

/// The entries alone: the status's `secrets`.
std::string EntriesJson(const std::vector<EntryPtr>& entries);

/// (secretfs(1), STATUS, has the fields)
std::string StatusJson(const StatusFacts& facts, const std::vector<EntryPtr>& entries);

}  // namespace secretfs
