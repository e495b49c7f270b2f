// The state of every secret as JSON, for .secretfs/status.json and `secretfs status`. Names and
// reasons, no values.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/snapshot.h"
#include "daemon/survival.h"

namespace secretfs {

/// How the newest configurations were taken in, since the start.
struct Reloads {
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  uint64_t asked = 0;                   // by signals
  uint64_t answered = 0;                // the newest of these that was done, or failed
  std::optional<WallTime> last;         // that succeeded
  std::optional<WallTime> last_failed;  // after it
  std::optional<Error> error;           // of that one
};

/// Of one copy, for the status.
struct CopyState {
  bool current = false;        // has the newest content
  std::optional<Error> error;  // of the newest try
};
using CopyStates = std::map<std::string, CopyState>;  // by path

struct StatusFacts {
  std::string version;
  WallTime started{};
  pid_t pid = 0;
  WallTime now{};  // of both clocks, for ages
  SteadyTime steady_now{};
  Reloads reloads{};
  uint64_t audit_dropped = 0;
  std::optional<uint64_t> waiting_readers{};  // when that is known
  std::vector<Error> identity_problems{};
  std::optional<Survival> survival{};  // when there is a supervisor
  CopyStates copies{};
  const Accounts* accounts = nullptr;  // null: it is not told which names do not exist
};

/// Whole seconds, 0 if `to` is earlier.
uint64_t SecondsBetween(WallTime from, WallTime to) noexcept;

/// The files alone: the status's `secrets`.
std::string FilesJson(const std::vector<File>& files, const Accounts* accounts = nullptr);

/// (secretfs(1), STATUS, has the fields)
std::string StatusJson(const StatusFacts& facts, const std::vector<File>& files);

}  // namespace secretfs
