// The process's memory for secrets: locked (never swapped), left out of core dumps, not inherited
// by a fork, between guard pages, wiped when it is given back. Small blocks share 64 KiB slabs of
// one size class, so that 10,000 small secrets take a few dozen mappings; larger ones have a
// mapping of their own. Thread-safe. Use SecretBytes; only it and the allocator hooks of a crypto
// library (crypto/init.cpp) belong here. Like malloc it is one per process, which is why it is not
// passed around.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace secretfs::secret_heap {

/// A block of at least `size` bytes, aligned to 16, zeroed. Errors: kResource when no more can be
/// locked, with a hint that names RLIMIT_MEMLOCK, and `may_come` when memory cannot be had now.
Result<void*> Allocate(size_t size);

/// Wipes and returns a block of Allocate(). Aborts if the bytes behind the block were overwritten.
void Free(void* block) noexcept;

/// Bytes that may be used in a block of Allocate(); at least what was asked for.
size_t UsableSize(const void* block) noexcept;

/// The usable size that Allocate(size) would give: two sizes with the same rounding need no copy.
size_t RoundedSize(size_t size) noexcept;

/// Whether so many bytes more could be locked now; locks none.
bool CanLock(size_t bytes) noexcept;

struct Stats {
  size_t blocks = 0;        // live blocks
  size_t locked_bytes = 0;  // mapped and locked, without guard pages
  size_t mappings = 0;      // regions, each with a guard page on both sides
};
Stats GetStats() noexcept;

}  // namespace secretfs::secret_heap
