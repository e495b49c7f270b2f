#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace secretfs {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error{Code::kInvalid, "is odd", "number", "double it"};
  return number / 2;
}
Result<int> Quarter(int number) {
  const int half = TRY(Half(number));
  return TRY(Half(half));
}
Status Check(int number) {
  TRY(Half(number));
  return Ok{};
}
Result<std::unique_ptr<int>> Owned(bool fail) {
  if (fail) return Error{Code::kIo, "no", "", ""};
  return std::make_unique<int>(7);
}
Result<std::unique_ptr<int>> PassOn(bool fail) {
  auto owned = TRY(Owned(fail));
  ++*owned;
  return owned;
}

TEST(Result, HoldsTheValueOrTheError) {
  const auto good = Half(4);
  ASSERT_TRUE(good.has_value());
  EXPECT_TRUE(static_cast<bool>(good));
  EXPECT_EQ(*good, 2);
  EXPECT_EQ(good.value(), 2);
  const auto bad = Half(3);
  ASSERT_FALSE(bad.has_value());
  EXPECT_FALSE(static_cast<bool>(bad));
  EXPECT_EQ(bad.error().code, Code::kInvalid);
}

TEST(Result, FalseAndZeroAreValues) {
  const Result<bool> no = false;
  EXPECT_TRUE(no.has_value());
  EXPECT_FALSE(no.value());
  EXPECT_TRUE(Half(0).has_value());
  const Result<int*> null = nullptr;
  EXPECT_TRUE(null.has_value());
}

TEST(Result, ArrowAndMovesReachTheValue) {
  Result<std::vector<int>> list(std::vector<int>{1, 2});
  list->push_back(3);
  EXPECT_EQ(list->size(), 3U);
  const std::vector<int> taken = *std::move(list);
  EXPECT_EQ(taken.size(), 3U);
}

TEST(Error, TextPutsThePlaceFirst) {
  EXPECT_EQ((Error{Code::kIo, "cannot open", "/a", ""}).Text(), "/a: cannot open");
  EXPECT_EQ((Error{Code::kIo, "cannot open", "", ""}).Text(), "cannot open");
}

TEST(Try, GivesTheValueOrReturnsTheError) {
  EXPECT_EQ(*Quarter(8), 2);
  for (int number : {7, 6}) {  // fails at the first, at the second step
    const auto bad = Quarter(number);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().Text(), "number: is odd");
    EXPECT_EQ(bad.error().hint, "double it") << "lost on the way";
  }
}

TEST(Try, ChangesTheTypeOfTheResultOnTheWay) {
  EXPECT_TRUE(Check(2));
  EXPECT_EQ(Check(1).error().what, "is odd");
}

TEST(Try, MovesValuesThatCannotBeCopied) {
  EXPECT_EQ(**PassOn(false), 8);
  EXPECT_EQ(PassOn(true).error().what, "no");
}

TEST(Try, GivesAValueNotAReferenceIntoADeadResult) {
  const auto longer = []() -> Result<std::string> {
    const std::string& text = TRY(Result<std::string>(std::string(100, 'x')));
    return text;
  };
  EXPECT_EQ(*longer(), std::string(100, 'x'));
}

TEST(ResultDeath, ReadingTheAbsentSideAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  constexpr const char* kWords = "secretfs: bug: the absent side of a Result was read";
  EXPECT_DEATH((void)Half(3).value(), kWords);
  EXPECT_DEATH((void)*Half(3), kWords);
  EXPECT_DEATH((void)Half(4).error(), kWords);
  EXPECT_DEATH(
      {
        const auto bad = Half(3);
        (void)*bad;
      },
      kWords);
  EXPECT_DEATH(
      {
        auto good = Half(4);
        (void)good.error();
      },
      kWords);
  EXPECT_DEATH((void)Owned(true)->get(), kWords);
}

}  // namespace
}  // namespace secretfs
