#include "crypto/init.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstring>
#include <string_view>

#include "base/secret_heap.h"

namespace secretfs {
namespace {

TEST(InitCrypto, PutsOpenSslMemoryIntoTheSecretHeap) {
  ASSERT_TRUE(InitCrypto());
  const size_t before = secret_heap::GetStats().blocks;
  void* block = OPENSSL_malloc(100);
  EXPECT_EQ(secret_heap::GetStats().blocks, before + 1);
  EXPECT_GE(secret_heap::UsableSize(block), 100U);
  OPENSSL_free(block);
  EXPECT_EQ(secret_heap::GetStats().blocks, before);
}

TEST(InitCrypto, KeepsContentWhenOpenSslReallocates) {
  ASSERT_TRUE(InitCrypto());
  constexpr std::string_view kText = "content that moves";
  void* block = OPENSSL_malloc(kText.size());
  std::memcpy(block, kText.data(), kText.size());
  for (const size_t size : {kText.size() + 1, size_t{5000}, size_t{100'000}, kText.size()}) {
    block = OPENSSL_realloc(block, size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(std::string_view(static_cast<const char*>(block), kText.size()), kText) << size;
  }
  OPENSSL_free(block);
}

TEST(InitCrypto, TakesReallocOfNothingAndToNothing) {
  ASSERT_TRUE(InitCrypto());
  const size_t before = secret_heap::GetStats().blocks;
  void* block = OPENSSL_realloc(nullptr, 10);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(OPENSSL_realloc(block, 0), nullptr);
  OPENSSL_free(nullptr);
  EXPECT_EQ(secret_heap::GetStats().blocks, before);
}

TEST(InitCrypto, MayBeRepeated) {
  EXPECT_TRUE(InitCrypto());
  EXPECT_TRUE(InitCrypto());
}

}  // namespace
}  // namespace secretfs
