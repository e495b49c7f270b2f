#include "daemon/survival.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

using std::chrono::milliseconds;

class SurvivalTest : public testing::Test {
 protected:
  UniqueFd memory_ = *fs::State::Make();
  std::unique_ptr<fs::State> state_ = *fs::State::Open(memory_.get());
};

TEST_F(SurvivalTest, OfAFirstServerIsNothing) {
  NoteGap(*state_);
  EXPECT_EQ(SurvivalOf(*state_, 1).restarts, 0U);
  state_->counters().generations = 1;
  const Survival survival = SurvivalOf(*state_, 42);
  EXPECT_EQ(survival.supervisor, 42);
  EXPECT_EQ(survival.restarts, 0U);
  EXPECT_EQ(survival.longest_gap, milliseconds(0));
}

TEST_F(SurvivalTest, CountsServersAfterTheFirst) {
  state_->counters().generations = 4;
  state_->counters().stalls = 2;
  state_->counters().replayed = 7;
  const Survival survival = SurvivalOf(*state_, 1);
  EXPECT_EQ(survival.restarts, 3U);
  EXPECT_EQ(survival.hung, 2U);
  EXPECT_EQ(survival.replayed, 7U);
}

TEST_F(SurvivalTest, CountsWhatWasNotReopenedByReason) {
  using Reason = fs::ReopenFailure::Reason;
  state_->not_reopened(Reason::kChanged) = 2;
  state_->not_reopened(Reason::kFailed) = 3;
  EXPECT_EQ(SurvivalOf(*state_, 1).not_reopened, (std::array<uint64_t, 5>{0, 0, 2, 0, 3}));
}

TEST_F(SurvivalTest, KeepsTheLongestGap) {
  state_->layout().beat = fs::State::Now() - 5000;
  NoteGap(*state_);
  const milliseconds first = SurvivalOf(*state_, 1).longest_gap;
  EXPECT_GE(first, milliseconds(5000));
  EXPECT_LT(first, milliseconds(60'000));
  state_->layout().beat = fs::State::Now() - 10;
  NoteGap(*state_);
  EXPECT_EQ(SurvivalOf(*state_, 1).longest_gap, first) << "a shorter one";
}

TEST_F(SurvivalTest, ABeatOfTheFutureIsNoGap) {
  state_->layout().beat = INT64_MAX;
  NoteGap(*state_);
  EXPECT_EQ(SurvivalOf(*state_, 1).longest_gap, milliseconds(0));
}

}  // namespace
}  // namespace secretfs
