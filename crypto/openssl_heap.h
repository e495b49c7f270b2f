// OpenSSL's allocator over base/secret_heap. OpenSSL does not everywhere survive being refused
// memory, so when no more can be locked it is given ordinary memory, wiped when it is freed; the
// count says so, and what was computed with it is thrown away (but for caches that OpenSSL keeps).
// Thread-safe.
#pragma once

#include <cstdint>

namespace secretfs::crypto {

/// False when OpenSSL has allocated already.
bool InstallOpenSslHeap() noexcept;

/// How often OpenSSL was given memory in this thread that is not locked.
uint64_t UnlockedAllocations() noexcept;

/// Whether that was, at the last time, for want of memory that others may give back.
bool MayBeHadLater() noexcept;

}  // namespace secretfs::crypto
