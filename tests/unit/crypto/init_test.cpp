#include "crypto/init.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstring>
#include <string_view>

#include "base/secret_heap.h"
#include "crypto/openssl_heap.h"
#include "crypto/openssl_ptr.h"
#include "tests/testkit/lockable_memory.h"
#include "tests/unit/crypto/fixtures.h"

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

TEST(InitCrypto, GivesOpenSslOtherMemoryWhenNoneCanBeLockedAndSaysSo) {
  ASSERT_TRUE(InitCrypto());
  const bool ran = testkit::WithoutLockableMemory([] {
    ASSERT_EQ(crypto::UnlockedAllocations(), 0U) << "a new thread";
    constexpr size_t kLarge = size_t{1} << 20;  // no slab has that
    auto* block = static_cast<char*>(OPENSSL_malloc(kLarge));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(crypto::UnlockedAllocations(), 1U);
    EXPECT_FALSE(crypto::MayBeHadLater()) << "the limit stays";
    EXPECT_FALSE(crypto::OpenSslCalls::NoMemory().may_come);
    block[kLarge - 1] = 'x';
    block = static_cast<char*>(OPENSSL_realloc(block, 2 * kLarge));
    EXPECT_EQ(block[kLarge - 1], 'x');
    block = static_cast<char*>(OPENSSL_realloc(block, 1));  // back into a slab
    OPENSSL_free(block);
  });
  if (!ran) GTEST_SKIP() << "memory is never refused here";
  EXPECT_EQ(crypto::UnlockedAllocations(), 0U) << "in this thread";
}

TEST(InitCrypto, WantOfLockedMemoryIsNeverTakenForADamagedKeyOrFile) {
  const auto key = age::Secret(age::Fixture("ssh_rsa_pkcs8.pem"));
  const std::string file = age::Fixture("ssh_rsa.age");
  const auto working = age::Identities("ssh_rsa");
  const bool ran = testkit::WithoutLockableMemory([&] {
    std::vector<age::IdentityPtr> kept;  // until the slabs are full
    std::optional<Code> failure;
    for (int i = 0; i < 500 && !failure; ++i) {
      auto identities = age::ParseIdentityFile(key, "key", {});
      failure = age::FailureOf(identities);
      if (identities) kept.push_back(identities->identities[0]);
    }
    EXPECT_EQ(failure, Code::kResource);
    const auto code = age::FailureOf(age::Decrypt(file, working));
    EXPECT_TRUE(!code || code == Code::kResource);  // a free slot may be left
  });
  if (!ran) GTEST_SKIP() << "memory is never refused here";
  EXPECT_FALSE(age::Decrypt(file, working).error);
}

TEST(InitCrypto, MayBeRepeated) {
  EXPECT_TRUE(InitCrypto());
  EXPECT_TRUE(InitCrypto());
}

}  // namespace
}  // namespace secretfs
