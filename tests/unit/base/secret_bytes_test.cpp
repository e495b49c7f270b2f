#include "base/secret_bytes.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <type_traits>

#include "base/secret_heap.h"
#include "tests/testkit/sanitizer.h"

namespace secretfs {
namespace {

using secret_heap::GetStats;

SecretBytes Secret(std::string_view text) { return *SecretBytes::CopyOf(AsBytes(text)); }
std::string Shown(const SecretBytes& secret) { return std::string(AsText(secret.Expose())); }

SecretBytes::Fill FillWith(size_t size) {
  return [size](ByteSpan out) -> Result<size_t> {
    std::fill_n(out.begin(), size, std::byte{'s'});
    return size;
  };
}

/// Holds the heap to what it had at the test's start.
class NoBlocksLeft : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(GetStats().blocks, before_) << "secret memory leaked"; }

 private:
  size_t before_ = GetStats().blocks;
};
class SecretBytesTest : public NoBlocksLeft {};
class SecretBuilderTest : public NoBlocksLeft {};

static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(std::is_nothrow_move_assignable_v<SecretBytes>);

TEST_F(SecretBytesTest, DefaultIsEmptyAndTakesNoBlock) {
  const size_t before = GetStats().blocks;
  const SecretBytes none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0U);
  EXPECT_TRUE(none.Expose().empty());
  EXPECT_EQ(GetStats().blocks, before);
}

TEST_F(SecretBytesTest, CopyOfHoldsTheBytesApartFromTheOriginal) {
  std::string original = "hunter2";
  original += '\0';
  const SecretBytes secret = Secret(original);
  std::fill(original.begin(), original.end(), 'x');
  EXPECT_EQ(Shown(secret), std::string("hunter2\0", 8));
}

TEST_F(SecretBytesTest, CopyOfNothingIsEmpty) { EXPECT_TRUE(Secret("").empty()); }

TEST_F(SecretBytesTest, MakeGivesFillExactlyTheCapacity) {
  for (size_t capacity : {0, 1, 100, 16384, 300'000}) {
    size_t seen = SIZE_MAX;
    const auto made = SecretBytes::Make(capacity, [&](ByteSpan out) -> Result<size_t> {
      seen = out.size();
      return out.size();
    });
    ASSERT_TRUE(made);
    EXPECT_EQ(seen, capacity);
    EXPECT_EQ(made->size(), capacity);
  }
}

TEST_F(SecretBytesTest, MakeKeepsWhatFillReportsAndNoMore) {
  const auto made = SecretBytes::Make(300'000, FillWith(5));
  ASSERT_TRUE(made);
  EXPECT_EQ(Shown(*made), "sssss");
  EXPECT_EQ(secret_heap::UsableSize(made->Expose().data()), secret_heap::RoundedSize(5))
      << "a short value sits in a large block";
}

TEST_F(SecretBytesTest, MakePassesFillsErrorOnAndKeepsNothing) {
  const size_t before = GetStats().blocks;
  const auto made = SecretBytes::Make(100, [](ByteSpan) -> Result<size_t> {
    return Error{Code::kMac, "bad", "here", ""};
  });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kMac);
  EXPECT_EQ(GetStats().blocks, before);
}

TEST_F(SecretBytesTest, MovingLeavesTheSourceEmptyAndFreesTheTarget) {
  SecretBytes a = Secret("first");
  SecretBytes b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the promise under test
  EXPECT_TRUE(a.Expose().empty());
  EXPECT_EQ(Shown(b), "first");
  const size_t before = GetStats().blocks;
  b = Secret("second");
  EXPECT_EQ(GetStats().blocks, before) << "the old value was not freed";
  EXPECT_EQ(Shown(b), "second");
  SecretBytes& same = b;
  b = std::move(same);
  EXPECT_EQ(Shown(b), "second") << "self-move lost the value";
}

TEST_F(SecretBytesTest, ResetByMovingFromADefaultWipesTheOldBlock) {
  if (testkit::kAddressSanitizer) GTEST_SKIP() << "asan poisons freed blocks: cannot look at them";
  const SecretBytes keeps_the_slab = Secret(std::string(200, 'k'));
  SecretBytes secret = Secret(std::string(200, 's'));
  const volatile std::byte* at = secret.Expose().data();
  secret = SecretBytes();
  for (size_t i = 0; i < 200; ++i) ASSERT_EQ(std::to_integer<int>(at[i]), 0) << i;
}

TEST_F(SecretBytesTest, ManyThreadsMayReadOne) {
  const auto shared = std::make_shared<const SecretBytes>(Secret(std::string(5000, 's')));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([shared] {
      for (int round = 0; round < 200; ++round) {
        ASSERT_EQ(std::count(shared->Expose().begin(), shared->Expose().end(), std::byte{'s'}),
                  5000);
      }
    });
  }
}

TEST(SecretBytesDeath, FillThatClaimsMoreThanItsRoomAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)SecretBytes::Make(10, [](ByteSpan) -> Result<size_t> { return 11; }), "");
}

TEST(ConstantTimeEqual, IsEqualityOfBytes) {
  EXPECT_TRUE(ConstantTimeEqual({}, {}));
  EXPECT_TRUE(ConstantTimeEqual(AsBytes("abc"), AsBytes("abc")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("abcd")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("")));
  for (size_t i = 0; i < 40; ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      const std::string a(40, 'a');
      std::string b = a;
      b[i] = static_cast<char>(b[i] ^ (1U << bit));
      ASSERT_FALSE(ConstantTimeEqual(AsBytes(a), AsBytes(b))) << i << " " << bit;
    }
  }
}

TEST(ConstantTimeEqual, TwoDifferencesDoNotCancelOut) {
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("ba")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("aa"), AsBytes("bb")));
}

TEST(Wipe, ZeroesAllBytesAndNoOthers) {
  std::string text = "[secret]";
  Wipe({reinterpret_cast<std::byte*>(text.data()) + 1, 6});
  EXPECT_EQ(text, std::string("[\0\0\0\0\0\0]", 8));
  Wipe({});
}

TEST_F(SecretBuilderTest, JoinsAllFormsOfAppend) {
  SecretBuilder builder;
  builder.Append("user:").Append(AsBytes("pass")).Append('@').Append("");
  EXPECT_EQ(builder.size(), 10U);
  EXPECT_EQ(Shown(*builder.Finish()), "user:pass@");
}

TEST_F(SecretBuilderTest, GrowsByteByByteWithoutLosingAny) {
  SecretBuilder builder;
  std::string expected;
  for (int i = 0; i < 40'000; ++i) {
    const char c = static_cast<char>('a' + i % 26);
    builder.Append(c);
    expected += c;
  }
  const auto value = builder.Finish();
  ASSERT_TRUE(value);
  EXPECT_EQ(Shown(*value), expected);
}

TEST_F(SecretBuilderTest, IsEmptyAndUsableAfterFinish) {
  SecretBuilder builder;
  builder.Append("one");
  EXPECT_EQ(Shown(*builder.Finish()), "one");
  EXPECT_EQ(builder.size(), 0U);
  builder.Append("two");
  EXPECT_EQ(Shown(*builder.Finish()), "two");
  EXPECT_TRUE(builder.Finish()->empty());
}

TEST_F(SecretBuilderTest, UnfinishedBuilderFreesItsBlock) {
  const size_t before = GetStats().blocks;
  {
    SecretBuilder builder;
    builder.Append("dropped");
    EXPECT_EQ(GetStats().blocks, before + 1);
  }
  EXPECT_EQ(GetStats().blocks, before);
}

TEST_F(SecretBuilderTest, ExpectedSizeSparesGrowing) {
  SecretBuilder builder(100'000);
  builder.Append('x');
  const auto before = GetStats();
  for (int i = 1; i < 100'000; ++i) builder.Append('x');
  EXPECT_EQ(GetStats().mappings, before.mappings);
  EXPECT_EQ(builder.Finish()->size(), 100'000U);
}

TEST_F(SecretBuilderTest, FinishDoesNotKeepTheSpareRoom) {
  SecretBuilder builder(100'000);
  builder.Append("small");
  const auto value = builder.Finish();
  EXPECT_EQ(secret_heap::UsableSize(value->Expose().data()), secret_heap::RoundedSize(5));
}

TEST_F(SecretBuilderTest, GrowingWipesTheOuterGrownBlock) {
  if (testkit::kAddressSanitizer) GTEST_SKIP() << "asan poisons freed blocks: cannot look at them";
  const SecretBytes keeps_the_slab = Secret(std::string(200, 'k'));
  const std::string part(200, 's');
  const auto* slab = keeps_the_slab.Expose().data();
  SecretBuilder builder;
  builder.Append(part);  // the next slot of the same slab
  builder.Append(part);  // moves on
  // No slot of 256 bytes in the slab but the kept one may still hold the value.
  const auto* begin =
      reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(slab) / 4096 * 4096);
  const std::string_view page(begin, 4096);
  EXPECT_EQ(page.find("ssssssssssssssss"), std::string_view::npos);
}

TEST(SecretBuilderDeath, KeepsTheFirstFailureForFinish) {
  if (testkit::kSanitized) GTEST_SKIP() << "the sanitizer's mlock does nothing";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        rlimit limit{};
        limit.rlim_cur = limit.rlim_max = rlim_t{128} * 1024;
        if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) _exit(90);
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(91);
        SecretBuilder builder;
        builder.Append("fits");
        builder.Append(std::string(size_t{1} << 20U, 'x'));  // does not
        builder.Append("would fit");
        const auto value = builder.Finish();
        if (value) _exit(1);
        _exit(value.error().code == Code::kResource && !value.error().hint.empty() ? 0 : 2);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace secretfs
