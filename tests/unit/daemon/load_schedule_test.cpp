#include "daemon/load_schedule.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/testkit/entries.h"

namespace secretfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testkit::TextEntry;
using MakeTask = LoadSchedule::MakeTask;
using Patience = Loader::Patience;

constexpr size_t kMany = 100;  // retries at once

class LoadScheduleTest : public testing::Test {
 protected:
  static SteadyTime At(milliseconds time) { return SteadyTime(seconds(100)) + time; }

  Loader::Ticket Want(const EntryPtr& entry, SteadyTime deadline,
                      Patience patience = Patience::kUntilDeadline) {
    return schedule_.Want(entry, deadline, patience, [this](const Result<ValuePtr>& value) {
      said_ += value ? "made " : value.error().what + " ";
    });
  }
  /// The entry's name, with "!" when it is to be made anew; "nothing" when there is nothing to do.
  std::string Next(size_t most_retries = kMany) {
    const auto task = schedule_.Take(most_retries);
    if (!task) return "nothing";
    task_ = std::get<MakeTask>(*task);
    return task_.entry->name() + (task_.anew ? "!" : "");
  }
  void Settle(const Result<ValuePtr>& made, SteadyTime now) { Settle(task_, made, now); }
  void Settle(const MakeTask& task, const Result<ValuePtr>& made, SteadyTime now) {
    for (const auto& done : schedule_.Settle(task, made, stale_, now)) done(made);
  }
  void Expire(SteadyTime now) {
    for (const auto& refuse : schedule_.TakeExpired(now)) refuse({Code::kTimeout, "late", "", ""});
  }
  static Error Missing() { return {Code::kNotFound, "missing", "", "", true}; }
  static Error Broken() { return {Code::kInvalid, "broken", "", ""}; }

  const EntryPtr a_ = TextEntry("a");
  const EntryPtr b_ = TextEntry("b");
  const ValuePtr value_ = std::make_shared<const Value>();
  LoadSchedule schedule_;
  MakeTask task_;
  bool stale_ = false;
  std::string said_;
};

TEST_F(LoadScheduleTest, MakesOnceWhatManyWant) {
  for (int i = 0; i < 3; ++i) Want(a_, At(seconds(1)));
  EXPECT_EQ(Next(), "a");
  Want(a_, At(seconds(1)));
  EXPECT_EQ(Next(), "nothing");
  Settle(value_, At(seconds(0)));
  EXPECT_EQ(said_, "made made made made ");
  EXPECT_FALSE(schedule_.NextTime()) << "nobody waits any more";
}

TEST_F(LoadScheduleTest, WhoAsksHowThingsAreDoesNotCountAsWaiting) {
  EntrySpec spec;
  spec.fresh = true;
  const auto status = std::make_shared<Entry>(std::move(spec));
  Want(status, At(seconds(1)));
  EXPECT_EQ(schedule_.waiting(), 0U);
  Want(a_, At(seconds(1)));
  Want(a_, At(seconds(1)));
  EXPECT_EQ(schedule_.waiting(), 2U);
}

TEST_F(LoadScheduleTest, WhatMayComeIsTriedAgainASecondLaterUntilTheDeadline) {
  Want(a_, At(milliseconds(2500)));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(0)));
  EXPECT_EQ(Next(), "nothing");
  EXPECT_EQ(schedule_.NextTime(), At(seconds(1)));
  EXPECT_FALSE(schedule_.QueueRetries(At(milliseconds(999))));
  EXPECT_TRUE(schedule_.QueueRetries(At(seconds(1))));
  EXPECT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(1)));
  EXPECT_TRUE(schedule_.QueueRetries(At(seconds(2))));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(2)));
  EXPECT_EQ(said_, "");
  EXPECT_EQ(schedule_.NextTime(), At(milliseconds(2500)));
  Expire(At(milliseconds(2500)));
  EXPECT_EQ(said_, "late ");
  EXPECT_FALSE(schedule_.NextTime()) << "not tried for nobody";
}

TEST_F(LoadScheduleTest, WhoWaitedGetsWhatCame) {
  Want(a_, At(seconds(10)));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(0)));
  schedule_.QueueRetries(At(seconds(1)));
  ASSERT_EQ(Next(), "a");
  Settle(value_, At(seconds(1)));
  EXPECT_EQ(said_, "made ");
}

TEST_F(LoadScheduleTest, WhoHasNoPatienceGetsTheFailureAtOnceAndOthersWaitOn) {
  Want(a_, At(seconds(10)), Patience::kNone);
  Want(a_, At(seconds(10)));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(0)));
  EXPECT_EQ(said_, "missing ");
  EXPECT_EQ(schedule_.NextTime(), At(seconds(1)));
}

TEST_F(LoadScheduleTest, WhatCannotComeIsAnsweredToAll) {
  Want(a_, At(seconds(10)));
  ASSERT_EQ(Next(), "a");
  Settle(Broken(), At(seconds(0)));
  EXPECT_EQ(said_, "broken ");
  EXPECT_FALSE(schedule_.NextTime());
}

TEST_F(LoadScheduleTest, WhatFailsAsTheDeadlinePassesIsLate) {
  Want(a_, At(seconds(1)));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(0)));
  schedule_.QueueRetries(At(seconds(1)));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(milliseconds(1001)));
  EXPECT_EQ(said_, "");
  EXPECT_EQ(schedule_.NextTime(), At(seconds(1)));
  Expire(At(milliseconds(1001)));
  EXPECT_EQ(said_, "late ");
  EXPECT_FALSE(schedule_.NextTime());
}

TEST_F(LoadScheduleTest, WhoseDeadlineIsOverDoesNotWaitForAChange) {
  Want(a_, At(seconds(0)), Patience::kNone);
  ASSERT_EQ(Next(), "a");
  schedule_.Refresh(a_);
  Settle(Broken(), At(seconds(0)));
  EXPECT_EQ(said_, "broken ");
}

TEST_F(LoadScheduleTest, WhatFailedAMomentAgoIsNotTriedBeforeItsSecondIsOver) {
  schedule_.Want(a_, At(seconds(10)), Patience::kUntilDeadline, {}, At(milliseconds(-300)));
  EXPECT_EQ(Next(), "nothing");
  EXPECT_EQ(schedule_.NextTime(), At(milliseconds(700)));
}

TEST_F(LoadScheduleTest, RefreshTriesAtOnceWhatIsWaitedFor) {
  Want(a_, At(seconds(10)));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(0)));
  schedule_.Refresh(a_);
  EXPECT_EQ(Next(), "a!");
  EXPECT_FALSE(schedule_.QueueRetries(At(seconds(5)))) << "it is at work already";
  Settle(value_, At(seconds(0)));
  EXPECT_EQ(said_, "made ");
}

TEST_F(LoadScheduleTest, AChangeDuringTheMakingIsNotLost) {
  Want(a_, At(seconds(10)));
  ASSERT_EQ(Next(), "a");
  schedule_.Refresh(a_);
  schedule_.Refresh(a_);
  EXPECT_EQ(Next(), "nothing") << "once at a time";
  Settle(value_, At(seconds(0)));
  EXPECT_EQ(said_, "made ");
  EXPECT_EQ(Next(), "a!");
  Settle(value_, At(seconds(0)));
  EXPECT_EQ(Next(), "nothing");
}

TEST_F(LoadScheduleTest, AFailureDuringAChangeIsNotAnswered) {
  Want(a_, At(seconds(10)), Patience::kNone);
  ASSERT_EQ(Next(), "a");
  schedule_.Refresh(a_);
  Settle(Broken(), At(seconds(0)));  // half of the new file
  EXPECT_EQ(said_, "");
  ASSERT_EQ(Next(), "a!");
  Settle(value_, At(seconds(0)));
  EXPECT_EQ(said_, "made ");
}

TEST_F(LoadScheduleTest, RetriesLeaveWorkersForWhatIsNew) {
  for (const EntryPtr& entry : {a_, b_}) Want(entry, At(seconds(10)));
  for (int i = 0; i < 2; ++i) {
    ASSERT_NE(Next(), "nothing");
    Settle(Missing(), At(milliseconds(i)));
  }
  schedule_.QueueRetries(At(milliseconds(1001)));
  Want(TextEntry("new"), At(seconds(10)));
  EXPECT_EQ(Next(1), "new") << "before what was queued earlier";
  EXPECT_EQ(Next(1), "a");
  const MakeTask first = task_;
  EXPECT_FALSE(schedule_.HasTask(1));
  EXPECT_EQ(Next(1), "nothing") << "b waits for a, and not all workers for both";
  Settle(first, Missing(), At(seconds(1)));
  EXPECT_EQ(Next(1), "b");
}

TEST_F(LoadScheduleTest, WhoIsNewDoesNotWaitForARetry) {
  Want(a_, At(seconds(10)));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(0)));
  schedule_.QueueRetries(At(seconds(1)));
  Want(a_, At(seconds(10)), Patience::kNone);
  EXPECT_EQ(Next(0), "a") << "queued as new";
  EXPECT_EQ(Next(), "nothing") << "and not a second time";
}

TEST_F(LoadScheduleTest, WhoWithdrawsIsAnsweredOnceAndLeavesNothing) {
  const auto first = Want(a_, At(seconds(10)));
  const auto second = Want(a_, At(seconds(20)));
  ASSERT_EQ(Next(), "a");
  Settle(Missing(), At(seconds(0)));
  schedule_.Withdraw(first)(Error{Code::kInterrupted, "interrupted", "", ""});
  EXPECT_EQ(said_, "interrupted ");
  EXPECT_FALSE(schedule_.Withdraw(first));
  EXPECT_TRUE(schedule_.NextTime()) << "the other waits on";
  schedule_.Withdraw(second)(Error{Code::kInterrupted, "interrupted", "", ""});
  EXPECT_FALSE(schedule_.NextTime()) << "not tried for nobody";
  EXPECT_FALSE(schedule_.Withdraw(77));
}

TEST_F(LoadScheduleTest, DeadlinesComeInTheirOrder) {
  Want(a_, At(seconds(3)));
  Want(b_, At(seconds(1)));
  Want(a_, At(seconds(2)));
  EXPECT_EQ(schedule_.NextTime(), At(seconds(1)));
  Expire(At(seconds(2)));
  EXPECT_EQ(said_, "late late ");
  EXPECT_EQ(schedule_.NextTime(), At(seconds(3)));
}

TEST_F(LoadScheduleTest, AReadThatWasWithdrawnIsNotDone) {
  std::string said;
  const auto done = [&](const Result<ByteView>& part) { said += part ? "read " : "refused "; };
  const auto first = schedule_.Read({a_, value_, 0, 1}, At(seconds(1)), done);
  schedule_.Read({b_, value_, 0, 1}, At(seconds(1)), done);
  schedule_.Withdraw(first)(Error{Code::kInterrupted, "", "", ""});
  EXPECT_EQ(said, "refused ");
  const auto task = std::get<LoadSchedule::ReadTask>(*schedule_.Take(kMany));
  EXPECT_EQ(task->part.entry, b_);
  EXPECT_TRUE(schedule_.Settle(task));
  EXPECT_FALSE(schedule_.Settle(task)) << "nobody waits any more";
  EXPECT_TRUE(schedule_.idle());
}

TEST_F(LoadScheduleTest, AllWhoWaitAreGivenAtTheEnd) {
  Want(a_, At(seconds(3)));
  Want(b_, At(seconds(1)));
  EXPECT_EQ(schedule_.TakeAll().size(), 2U);
  EXPECT_FALSE(schedule_.Take(kMany));
  EXPECT_FALSE(schedule_.NextTime());
}

TEST_F(LoadScheduleTest, WhatIsStaleIsTriedAgainThoughNobodyWaits) {
  schedule_.Refresh(a_);
  ASSERT_EQ(Next(), "a!");
  stale_ = true;
  Settle(value_, At(seconds(0)));
  EXPECT_EQ(schedule_.NextTime(), At(seconds(1)));
  schedule_.QueueRetries(At(seconds(1)));
  ASSERT_EQ(Next(), "a!");
  Settle(value_, At(seconds(1)));
  EXPECT_EQ(schedule_.NextTime(), At(seconds(3))) << "more and more seldom";
  schedule_.QueueRetries(At(seconds(3)));
  ASSERT_EQ(Next(), "a!");
  stale_ = false;
  Settle(value_, At(seconds(3)));
  EXPECT_FALSE(schedule_.NextTime()) << "mended";
}

TEST_F(LoadScheduleTest, WhatIsStaleAndNobodyHasIsForgotten) {
  auto entry = TextEntry("gone");
  schedule_.Refresh(entry);
  ASSERT_EQ(Next(), "gone!");
  stale_ = true;
  Settle(value_, At(seconds(0)));
  task_ = {};
  entry.reset();
  schedule_.QueueRetries(At(seconds(1)));
  EXPECT_EQ(Next(), "nothing");
  EXPECT_FALSE(schedule_.NextTime());
}

class LanesTest : public LoadScheduleTest {
 protected:
  static EntryPtr Document(const std::string& name, const std::string& lane) {
    return testkit::RemoteDocument(name, lane, {});
  }
  std::string NextOfLanes() {
    const auto task = schedule_.TakeOfLanes();
    if (!task) return "nothing";
    task_ = *task;
    return task_.entry->name();
  }
  std::vector<EntryPtr> WantMany(const std::string& lane, size_t count) {
    std::vector<EntryPtr> documents;
    for (size_t i = 0; i < count; ++i) {
      documents.push_back(Document(lane + std::to_string(i), lane));
      Want(documents.back(), At(seconds(10)));
    }
    return documents;
  }
};

TEST_F(LanesTest, AFewOfALaneAtATimeInTheOrderOfComing) {
  const auto documents = WantMany("x", 6);
  EXPECT_EQ(schedule_.LaneHands(), 4U);
  EXPECT_EQ(NextOfLanes(), "x0");
  const MakeTask first = task_;
  EXPECT_EQ(NextOfLanes(), "x1");
  EXPECT_EQ(NextOfLanes(), "x2");
  EXPECT_EQ(NextOfLanes(), "x3");
  EXPECT_FALSE(schedule_.HasLaneTask());
  EXPECT_EQ(NextOfLanes(), "nothing");
  EXPECT_EQ(schedule_.LaneHands(), 4U);
  Settle(first, value_, At(seconds(0)));
  EXPECT_TRUE(schedule_.HasLaneTask());
  EXPECT_EQ(NextOfLanes(), "x4");
  EXPECT_EQ(NextOfLanes(), "nothing");
}

TEST_F(LanesTest, OthersAreNotConcerned) {
  const auto documents = WantMany("x", 6);
  EXPECT_TRUE(schedule_.idle());
  EXPECT_FALSE(schedule_.HasTask(kMany));
  EXPECT_EQ(Next(), "nothing");
  Want(a_, At(seconds(1)));
  EXPECT_EQ(Next(), "a");
  Settle(value_, At(seconds(0)));
  EXPECT_EQ(NextOfLanes(), "x0");
}

TEST_F(LanesTest, TakeTurns) {
  const auto x = WantMany("x", 3);
  const auto y = WantMany("y", 2);
  EXPECT_EQ(schedule_.LaneHands(), 5U);
  EXPECT_EQ(NextOfLanes(), "x0");
  EXPECT_EQ(NextOfLanes(), "y0");
  EXPECT_EQ(NextOfLanes(), "x1");
  EXPECT_EQ(NextOfLanes(), "y1");
  EXPECT_EQ(NextOfLanes(), "x2");
}

TEST_F(LanesTest, RetriesHaveHalfOfALane) {
  const auto failing = WantMany("x", 6);
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(NextOfLanes(), "x" + std::to_string(i));
    Settle(Missing(), At(seconds(0)));
  }
  ASSERT_TRUE(schedule_.QueueRetries(At(seconds(1))));
  EXPECT_TRUE(schedule_.idle());
  EXPECT_EQ(schedule_.LaneHands(), 2U);
  EXPECT_NE(NextOfLanes(), "nothing");
  EXPECT_NE(NextOfLanes(), "nothing");
  EXPECT_EQ(NextOfLanes(), "nothing");
  const auto fresh = Document("new", "x");
  Want(fresh, At(seconds(10)));
  EXPECT_EQ(NextOfLanes(), "new");
}

TEST_F(LanesTest, WhatOnlyNeedsAValueThatIsThereIsInNone) {
  const auto document = Document("x: item", "x");
  const auto secret = testkit::SecretOf(document, "secret");
  Want(secret, At(seconds(1)));
  EXPECT_EQ(Next(), "nothing");
  EXPECT_EQ(NextOfLanes(), "secret");
  Settle(value_, At(seconds(0)));
  document->Publish(testkit::MakeTestValue("v"), At(seconds(0)), {});
  Want(secret, At(seconds(1)));
  EXPECT_EQ(NextOfLanes(), "nothing");
  EXPECT_EQ(Next(), "secret");
  Settle(value_, At(seconds(0)));
  Want(document, At(seconds(1)));
  EXPECT_EQ(NextOfLanes(), "x: item") << "the document itself asks";
}

TEST_F(LanesTest, NothingIsLeftAfterTheEnd) {
  const auto documents = WantMany("x", 6);
  for (const auto& refuse : schedule_.TakeAll()) refuse({Code::kUnavailable, "end", "", ""});
  EXPECT_EQ(said_, "end end end end end end ");
  EXPECT_FALSE(schedule_.HasLaneTask());
}

}  // namespace
}  // namespace secretfs
