// The state of every secret as JSON, for .secretfs/status.json and `secretfs status`. Names and
// reasons, no values.
#pragma once

#include <string>
#include <vector>

#include "core/snapshot.h"

namespace secretfs {

struct StatusFacts {
  std::string version;
  WallTime started;
  uint64_t audit_dropped = 0;
  std::vector<Error> identity_problems;
};

/// The files alone: the status's `secrets`.
std::string FilesJson(const std::vector<File>& files);

/// (secretfs(1), STATUS, has the fields)
std::string StatusJson(const StatusFacts& facts, const std::vector<File>& files);

}  // namespace secretfs
