// OpenSSL's allocator over base/secret_heap. OpenSSL does not everywhere survive being refused
// memory, so when no more can be locked it is given ordinary memory, wiped when it is freed; the
// flag says so, and what was computed with it is thrown away (but for caches that OpenSSL keeps).
// Thread-safe.
#pragma once

namespace secretfs::crypto {

/// False when OpenSSL has allocated already.
bool InstallOpenSslHeap() noexcept;

/// Whether OpenSSL was given memory that is not locked in this thread since ForgetUnlockedMemory().
bool GotUnlockedMemory() noexcept;
void ForgetUnlockedMemory() noexcept;

}  // namespace secretfs::crypto
