// Makes the process hard to read from outside; called before it can know a secret. And what a
// daemon needs of the limits.
#pragma once

#include "base/result.h"

namespace secretfs {

/// No core dumps, and no ptrace by others of the same user.
void HardenProcess() noexcept;

/// Keeps every page of the process out of swap, from now on, as it is touched. False when the limit
/// on locked memory forbids it; secrets proper are locked all the same (base/secret_heap.h).
bool LockAllMemory() noexcept;

/// Whether as much memory can be locked as it takes to decrypt small secrets; kept secret are more
/// of them as far as there is more. Locks nothing. Errors: kResource, with a hint.
Status CheckLockableMemory();

/// Allows as many descriptors as may be, up to 65536, since each value over 16 MiB keeps one.
/// Programs that are started get the usual limit all the same (base/child_start.cpp).
void AllowManyDescriptors() noexcept;

}  // namespace secretfs
