#include "daemon/guard.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

using namespace std::chrono_literals;

constexpr GuardJudge::Seen kServed{true, true, 3};
constexpr GuardJudge::Seen kGone{false, false, 3};
constexpr GuardJudge::Seen kStuck{true, false, 3};

/// Looks once a second, and tells after how many it is time, or -1.
class GuardJudgeTest : public testing::Test {
 protected:
  int LooksUntilTime(GuardJudge::Seen seen, int most = 100) {
    for (int i = 0; i < most; ++i) {
      if (Look(seen)) return i;
    }
    return -1;
  }
  bool Look(GuardJudge::Seen seen) {
    now_ += 1s;
    return judge_.IsTime(seen, now_);
  }
  SteadyTime now_{100s};
  GuardJudge judge_{{5'000ms, 20'000ms}};
};

TEST_F(GuardJudgeTest, NeverWhileItIsServed) { EXPECT_EQ(LooksUntilTime(kServed), -1); }

TEST_F(GuardJudgeTest, SoonWhenNobodyIsThere) { EXPECT_EQ(LooksUntilTime(kGone), 5); }

TEST_F(GuardJudgeTest, LaterWhenSomebodyIsStuck) { EXPECT_EQ(LooksUntilTime(kStuck), 20); }

TEST_F(GuardJudgeTest, NeverWhileNobodyWaits) {
  EXPECT_EQ(LooksUntilTime({false, false, 0}), -1);
  EXPECT_EQ(LooksUntilTime({true, false, 0}), -1);
  EXPECT_EQ(LooksUntilTime(kGone), 5);  // from when somebody does
}

TEST_F(GuardJudgeTest, ARestartBeginsAnew) {
  EXPECT_EQ(LooksUntilTime(kGone, 4), -1);
  EXPECT_FALSE(Look(kServed));
  EXPECT_EQ(LooksUntilTime(kGone, 4), -1);
}

TEST_F(GuardJudgeTest, APauseOfItsOwnCountsForNothing) {
  EXPECT_EQ(LooksUntilTime(kGone, 3), -1);
  now_ += 1h;
  EXPECT_EQ(LooksUntilTime(kGone), 5);
}

}  // namespace
}  // namespace secretfs
