#include "daemon/refresh_schedule.h"

#include <gtest/gtest.h>

#include "tests/testkit/entries.h"

namespace secretfs {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testkit::MakeTestValue;

class RefreshScheduleTest : public testing::Test {
 protected:
  static SteadyTime At(milliseconds time) { return SteadyTime(hours(1)) + time; }
  static EntryPtr Document(const std::string& name, milliseconds refresh = hours(1)) {
    return testkit::RemoteDocument(name, "work", {}, refresh);
  }
  static Error Silent() { return {Code::kUnavailable, "does not answer", "", "", true}; }
  static Error Missing() { return {Code::kNotFound, "no such item", "", ""}; }
  std::string Due(milliseconds time) {
    std::string names;
    for (const EntryPtr& document : schedule_.TakeDue(At(time))) names += document->name() + " ";
    return names;
  }
  void Fail(const EntryPtr& document, const Error& error, milliseconds time) {
    document->Fail(error, At(time));
    schedule_.Tried(document, At(time));
  }
  void Succeed(const EntryPtr& document, milliseconds time) {
    document->Publish(MakeTestValue("v"), At(time), {});
    schedule_.Tried(document, At(time));
  }
  /// When it is due after it failed so often in a row, from the last failure on.
  milliseconds PauseAfter(const EntryPtr& document, const Error& error, int failures) {
    milliseconds now{0};
    for (int i = 0; i < failures; ++i) {
      now += hours(100);
      (void)Due(now);
      Fail(document, error, now);
    }
    return std::chrono::duration_cast<milliseconds>(*schedule_.NextTime() - At(now));
  }

  double random_ = 0;
  RefreshSchedule schedule_{[this] { return random_; }};
};

TEST_F(RefreshScheduleTest, TheFirstTimeIsSpread) {
  const auto document = Document("a");
  random_ = 0.5;
  schedule_.Declare({document}, At(seconds(0)));
  EXPECT_EQ(schedule_.NextTime(), At(seconds(1)));
  EXPECT_EQ(Due(milliseconds(999)), "");
  EXPECT_EQ(Due(seconds(1)), "a ");
  EXPECT_EQ(Due(hours(100)), "") << "it is being fetched";
}

TEST_F(RefreshScheduleTest, WithAnOfflineCopyThereIsMoreTime) {
  const auto document = Document("a");
  document->Preload(MakeTestValue("old"), Silent());
  random_ = 0.5;
  schedule_.Declare({document}, At(seconds(0)));
  EXPECT_EQ(schedule_.NextTime(), At(seconds(15)));
}

TEST_F(RefreshScheduleTest, WhatAReaderHadFetchedIsNotFetchedAgainAtOnce) {
  const auto document = Document("a");
  document->Publish(MakeTestValue("v"), At(seconds(0)), {});
  schedule_.Declare({document}, At(seconds(0)));
  EXPECT_EQ(schedule_.NextTime(), At(hours(1)));
  const auto other = Document("b");
  schedule_.Declare({document, other}, At(seconds(0)));
  Succeed(other, milliseconds(100));
  EXPECT_EQ(Due(minutes(59)), "");
}

TEST_F(RefreshScheduleTest, AgainWhenItIsOldWithATenthOfPlay) {
  const auto document = Document("a", seconds(60));
  schedule_.Declare({document}, At(seconds(0)));
  EXPECT_EQ(Due(seconds(0)), "a ");
  random_ = 0.5;
  Succeed(document, seconds(0));
  EXPECT_EQ(schedule_.NextTime(), At(seconds(63)));
}

TEST_F(RefreshScheduleTest, PausesGrowWhileThereIsNoAnswer) {
  const auto document = Document("a");
  schedule_.Declare({document}, At(seconds(0)));
  EXPECT_EQ(PauseAfter(document, Silent(), 1), seconds(1));
  EXPECT_EQ(PauseAfter(document, Silent(), 1), seconds(2));
  EXPECT_EQ(PauseAfter(document, Silent(), 1), seconds(4));
  EXPECT_EQ(PauseAfter(document, Silent(), 10), seconds(64));
  Succeed(document, seconds(0));
  EXPECT_EQ(PauseAfter(document, Silent(), 1), seconds(1));
}

TEST_F(RefreshScheduleTest, TheSourceSaysWhenItMayBeAsked) {
  const auto document = Document("a");
  schedule_.Declare({document}, At(seconds(0)));
  Error limited{Code::kLimited, "asked too often", "", ""};
  limited.retry_after = minutes(20);
  EXPECT_EQ(PauseAfter(document, limited, 1), minutes(20));
}

TEST_F(RefreshScheduleTest, WhatIsWrongCostsNoMoreThanWhatIsRight) {
  const auto document = Document("a", hours(1));
  schedule_.Declare({document}, At(seconds(0)));
  EXPECT_EQ(PauseAfter(document, Missing(), 1), minutes(1));
  EXPECT_EQ(PauseAfter(document, Missing(), 20), hours(1));
}

TEST_F(RefreshScheduleTest, ANewNetworkIsTriedAtOnce) {
  const auto silent = Document("silent");
  const auto well = Document("well");
  const auto missing = Document("missing");
  schedule_.Declare({silent, well, missing}, At(seconds(0)));
  (void)Due(seconds(0));
  Succeed(well, seconds(0));
  Fail(missing, Missing(), seconds(0));
  for (int i = 0; i < 10; ++i) Fail(silent, Silent(), seconds(0));
  schedule_.NetworkChanged(At(seconds(5)));
  EXPECT_EQ(Due(seconds(5)), "silent ");
  schedule_.NetworkChanged(At(seconds(5)));
  EXPECT_EQ(Due(seconds(5)), "") << "it is being fetched";
  Fail(silent, Silent(), seconds(5));
  EXPECT_EQ(schedule_.NextTime(), At(seconds(6))) << "pauses begin anew";
}

TEST_F(RefreshScheduleTest, WhatIsNotDeclaredAnyMoreIsForgotten) {
  const auto a = Document("a");
  const auto b = Document("b");
  schedule_.Declare({a, b}, At(seconds(0)));
  schedule_.Declare({b}, At(seconds(0)));
  EXPECT_EQ(Due(seconds(2)), "b ");
  schedule_.Tried(a, At(seconds(2)));
  EXPECT_FALSE(schedule_.NextTime());
}

/// 20 items an hour old at most take fewer than 500 requests a day.
TEST_F(RefreshScheduleTest, ADayOfTwentyItems) {
  std::vector<EntryPtr> documents;
  for (int i = 0; i < 20; ++i) documents.push_back(Document("item" + std::to_string(i)));
  schedule_.Declare(documents, At(seconds(0)));
  size_t requests = 0;
  for (seconds now{0}; now < hours(24); now += seconds(1)) {
    for (const EntryPtr& document : schedule_.TakeDue(At(now))) {
      ++requests;
      if (requests % 20 == 0) {
        Fail(document, Missing(), now);
      } else {
        Succeed(document, now);
      }
    }
  }
  EXPECT_GE(requests, 20 * 20U);
  EXPECT_LT(requests, 600U);
}

}  // namespace
}  // namespace secretfs
