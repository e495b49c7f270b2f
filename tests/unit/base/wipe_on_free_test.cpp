// base/wipe_on_free.cpp is linked into the program only; here it is compiled in, except under a
// sanitizer, which replaces the same functions.
#include <gtest/gtest.h>

#include "tests/testkit/sanitizer.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include "base/wipe_on_free.cpp"
#endif

namespace secretfs {
namespace {

/// True if the value is gone once `free` was called. The first 32 bytes are malloc's own by then.
template <class Free>
bool IsWiped(void* block, size_t size, const Free& free) {
  auto* bytes = static_cast<volatile unsigned char*>(block);
  for (size_t i = 0; i < size; ++i) bytes[i] = 0xa5;
  free(block);
  for (size_t i = 32; i < size; ++i) {
    if (bytes[i] == 0xa5) return false;
  }
  return true;
}

TEST(WipeOnFree, EveryFormOfDeleteWipes) {
  if (testkit::kSanitized) GTEST_SKIP() << "a sanitizer has its own operator delete";
  constexpr auto kAlign = std::align_val_t(64);
  EXPECT_TRUE(IsWiped(::operator new(500), 500, [](void* p) { ::operator delete(p); }));
  EXPECT_TRUE(IsWiped(::operator new(500), 500, [](void* p) { ::operator delete(p, 500); }));
  EXPECT_TRUE(IsWiped(::operator new[](500), 500, [](void* p) { ::operator delete[](p); }));
  EXPECT_TRUE(IsWiped(::operator new[](500), 500, [](void* p) { ::operator delete[](p, 500); }));
  EXPECT_TRUE(
      IsWiped(::operator new(500, kAlign), 500, [](void* p) { ::operator delete(p, kAlign); }));
  EXPECT_TRUE(IsWiped(::operator new(500, kAlign), 500,
                      [](void* p) { ::operator delete(p, 500, kAlign); }));
  EXPECT_TRUE(
      IsWiped(::operator new[](500, kAlign), 500, [](void* p) { ::operator delete[](p, kAlign); }));
  EXPECT_TRUE(IsWiped(::operator new(500, std::nothrow), 500,
                      [](void* p) { ::operator delete(p, std::nothrow); }));
  EXPECT_TRUE(IsWiped(::operator new(500, kAlign, std::nothrow), 500,
                      [](void* p) { ::operator delete(p, kAlign, std::nothrow); }));
  ::operator delete(nullptr);
}

}  // namespace
}  // namespace secretfs
