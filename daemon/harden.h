// Makes the process hard to read from outside. Called before it can know a secret.
#pragma once

namespace secretfs {

/// No core dumps, and no ptrace by others of the same user.
void HardenProcess() noexcept;

/// Keeps every page of the process out of swap, from now on, as it is touched. False when the limit
/// on locked memory forbids it; secrets proper are locked all the same (base/secret_heap.h).
bool LockAllMemory() noexcept;

}  // namespace secretfs
