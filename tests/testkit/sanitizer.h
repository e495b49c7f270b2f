// Which sanitizer this build has: a few tests look at freed memory, at signals or at locked pages,
// which a sanitizer takes for itself.
#pragma once

namespace secretfs::testkit {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__)
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif

/// Its runtime makes mlock a call that does nothing, among others.
constexpr bool kSanitized = kAddressSanitizer || kThreadSanitizer;

}  // namespace secretfs::testkit
