// Which program a process runs, so that its word for it need not be taken: who makes a mount
// namespace can give any file any path in it. Never waits for a file system, since it may be a
// user's, or ours.
#pragma once

#include <sys/types.h>

#include <string>

namespace secretfs::fs {

/// The path of the program of thread `thread` as its own mount namespace has it; "" when it cannot
/// be told.
std::string ProgramOf(pid_t thread);

/// Whether that program is the file that `path` is here. False when that would have to be looked up
/// on a disk, which does not happen for a program that is running, and when it cannot be told.
bool IsProgramOf(pid_t thread, const std::string& path);

/// Whether ProgramOf() can tell for processes of other users: with CAP_SYS_PTRACE, and not under
/// Landlock.
bool SeesProgramsOfOthers() noexcept;

}  // namespace secretfs::fs
