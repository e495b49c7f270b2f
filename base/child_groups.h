// The process groups of the programs that ChildProcess runs, so that all of them can be ended at
// once: when the daemon stops, and when a signal ends a tool. Process-wide, as signals are.
// Thread-safe.
#pragma once

#include <sys/types.h>

namespace secretfs {

/// Kills them with all they started, and every one that is started later; who reads from one sees
/// its end. Safe in a signal handler.
void EndChildren() noexcept;

/// SIGINT, SIGTERM and SIGHUP do so before they end this process, where they would end it.
void EndChildrenOnSignals() noexcept;

/// For ChildProcess: after the start, and before it is reaped, when its number may become another
/// one's.
void EnterChildGroup(pid_t group) noexcept;
void LeaveChildGroup(pid_t group) noexcept;

}  // namespace secretfs
