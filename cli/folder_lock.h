// One writer at a time, for commands that replace a file by what they made of the old one: tokens,
// edit, rekey. Readers need no lock.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

/// Keeps other writers of the file away for as long as it lives. The lock is on the file's folder:
/// the file itself is replaced, and may not exist yet; a lock file of its own would stay behind,
/// and belong to whoever came first. Errors: kTimeout when another process keeps it for longer than
/// `patience`.
Result<UniqueFd> LockFolderOf(const std::string& path, std::chrono::milliseconds patience);

}  // namespace secretfs
