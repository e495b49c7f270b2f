#include "remote/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testkit/fake_clock.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::remote {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class BudgetTest : public testing::Test {
 protected:
  Budget Make(std::optional<uint64_t> per_day) {
    return Budget({per_day, file_, [this](const Error& e) { warnings_.push_back(e.Text()); }});
  }
  Status Spend(Budget& budget, unsigned requests, bool missing = true) {
    return budget.Spend(requests, missing, clock_.Wall());
  }
  testkit::TempDir folder_;
  std::string file_ = BudgetFile(folder_.path(), "onepassword", "work");
  testkit::FakeClock clock_;
  std::vector<std::string> warnings_;
};

TEST_F(BudgetTest, CountsUpToTheLimitAndThenSaysWhenThereIsMore) {
  Budget budget = Make(10);
  EXPECT_TRUE(Spend(budget, 4));
  clock_.Advance(2h);
  EXPECT_TRUE(Spend(budget, 6));
  const Status over = Spend(budget, 1);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Code::kLimited);
  EXPECT_TRUE(over.error().may_come);
  EXPECT_THAT(over.error().what, HasSubstr("10 of the 10 requests"));
  EXPECT_EQ(budget.Spent(clock_.Wall()), 10U) << "what is refused is not counted";
  clock_.Advance(over.error().retry_after - 1s);
  EXPECT_FALSE(Spend(budget, 1));
  clock_.Advance(1s);
  EXPECT_TRUE(Spend(budget, 4));
  EXPECT_FALSE(Spend(budget, 1));
}

TEST_F(BudgetTest, HoldsInAny24Hours) {
  file_.clear();
  Budget budget = Make(100);
  std::vector<WallTime> made;
  for (int minute = 0; minute < 4 * 24 * 60; ++minute) {
    if (Spend(budget, 1)) made.push_back(clock_.Wall());
    clock_.Advance(1min);
  }
  EXPECT_GT(made.size(), 300U);
  for (size_t i = 100; i < made.size(); ++i) EXPECT_GE(made[i] - made[i - 100], 24h);
}

TEST_F(BudgetTest, KeepsTheLastTenthForWhatIsMissing) {
  Budget budget = Make(100);
  EXPECT_TRUE(Spend(budget, 90, false));
  const Status late = Spend(budget, 1, false);
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().what, HasSubstr("the rest is for secrets without a value"));
  EXPECT_TRUE(budget.Allows(10, true, clock_.Wall()));
  EXPECT_TRUE(Spend(budget, 10, true));
  EXPECT_FALSE(Spend(budget, 1, true));
}

TEST_F(BudgetTest, OnlyCountsWithoutALimit) {
  Budget budget = Make(std::nullopt);
  EXPECT_TRUE(Spend(budget, 1'000'000, false));
  EXPECT_EQ(budget.Spent(clock_.Wall()), 1'000'000U);
}

TEST_F(BudgetTest, OutlivesARestart) {
  {
    Budget budget = Make(10);
    EXPECT_TRUE(Spend(budget, 7));
    clock_.Advance(1h);
    EXPECT_TRUE(Spend(budget, 2));
  }
  Budget next = Make(10);
  EXPECT_EQ(next.Spent(clock_.Wall()), 9U);
  clock_.Advance(24h);
  EXPECT_EQ(next.Spent(clock_.Wall()), 2U);
  EXPECT_TRUE(warnings_.empty());
  EXPECT_THAT(testkit::TempDir::Read(file_), Not(HasSubstr("work"))) << "numbers only";
}

TEST_F(BudgetTest, CountsAnewWhenTheFileIsBroken) {
  for (const std::string text : {"", "x", "secretfs budget 1\n1", "secretfs budget 1\n1 x\n",
                                 "secretfs budget 1\n1 2\n1 2\n",
                                 "secretfs budget 1\n1 99999999999999\n", "secretfs budget 2\n"}) {
    warnings_.clear();
    (void)folder_.Write(file_.substr(folder_.path().size() + 1), text);
    Budget budget = Make(10);
    EXPECT_EQ(budget.Spent(clock_.Wall()), 0U) << text;
    EXPECT_TRUE(Spend(budget, 1));
    EXPECT_TRUE(Spend(budget, 1));
    EXPECT_EQ(warnings_.size(), 1U) << text;
    EXPECT_EQ(Make(10).Spent(clock_.Wall()), 2U) << "and is mended";
  }
}

TEST_F(BudgetTest, CountsOnWhenTheFileCannotBeWritten) {
  file_ = folder_ / "none/below/requests";
  Budget budget = Make(2);
  EXPECT_TRUE(Spend(budget, 1));
  EXPECT_TRUE(Spend(budget, 1));
  EXPECT_FALSE(Spend(budget, 1));
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(BudgetTest, IsNotBlockedByAClockThatWasWrong) {
  Budget budget = Make(10);
  clock_.Advance(std::chrono::hours(24 * 365 * 50));
  EXPECT_TRUE(Spend(budget, 10));
  clock_.Advance(-std::chrono::hours(24 * 365 * 50));
  EXPECT_TRUE(Spend(budget, 10));
  clock_.Advance(-2h);
  EXPECT_FALSE(Spend(budget, 1)) << "set back a little, it has asked as often";
}

TEST(BudgetFile, TellsSourcesApart) {
  EXPECT_NE(BudgetFile("/f", "vault", "a"), BudgetFile("/f", "vault", "b"));
  EXPECT_NE(BudgetFile("/f", "vault", "a"), BudgetFile("/f", "exec", "a"));
  EXPECT_EQ(BudgetFile("/f", "vault", "../x").rfind('/'), 2U);
}

}  // namespace
}  // namespace secretfs::remote
