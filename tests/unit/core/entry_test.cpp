#include "core/entry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/secret_heap.h"
#include "tests/testkit/fake_clock.h"

namespace secretfs {
namespace {

Value ValueOf(std::string_view text) {
  Value value;
  value.bytes = *SecretBytes::CopyOf(AsBytes(text));
  return value;
}
std::string Shown(const ValuePtr& value) { return std::string(AsText(value->bytes.Expose())); }
Error Unavailable() { return {Code::kUnavailable, "no answer", "work", "wait"}; }

class EntryTest : public testing::Test {
 protected:
  testkit::FakeClock clock_;
  Entry entry_{EntrySpec{.name = "db/password", .origin = "age", .inputs = {}, .make = {}}};
};

TEST_F(EntryTest, BeginsIdleWithoutValueOrError) {
  EXPECT_EQ(entry_.name(), "db/password");
  EXPECT_EQ(entry_.value(), nullptr);
  const auto report = entry_.GetReport();
  EXPECT_EQ(report.state, EntryState::kPending);
  EXPECT_EQ(report.value, nullptr);
  EXPECT_FALSE(report.error);
}

TEST_F(EntryTest, PublishingMakesItReady) {
  clock_.Advance(std::chrono::seconds(5));
  const ValuePtr made = entry_.Publish(ValueOf("one"), clock_.Steady());
  EXPECT_EQ(made, entry_.value());
  EXPECT_EQ(Shown(made), "one");
  const auto report = entry_.GetReport();
  EXPECT_EQ(report.state, EntryState::kReady);
  EXPECT_EQ(report.value, made);
  EXPECT_EQ(report.tried, clock_.Steady());
}

TEST_F(EntryTest, VersionsCountFromOneWhateverTheMakerSays) {
  Value forged = ValueOf("one");
  forged.version = 77;
  EXPECT_EQ(entry_.Publish(std::move(forged), clock_.Steady())->version, 1U);
  EXPECT_EQ(entry_.Publish(ValueOf("two"), clock_.Steady())->version, 2U);
  entry_.Fail(Unavailable(), clock_.Steady());
  EXPECT_EQ(entry_.Publish(ValueOf("three"), clock_.Steady())->version, 3U) << "a failure counted";
}

TEST_F(EntryTest, FailingWithoutAValueIsFailed) {
  clock_.Advance(std::chrono::seconds(7));
  entry_.Fail(Unavailable(), clock_.Steady());
  const auto report = entry_.GetReport();
  EXPECT_EQ(report.state, EntryState::kFailed);
  EXPECT_EQ(report.error->Text(), "work: no answer");
  EXPECT_EQ(report.tried, clock_.Steady());
  EXPECT_EQ(entry_.value(), nullptr);
}

TEST_F(EntryTest, FailingKeepsTheValueAsStale) {
  const ValuePtr good = entry_.Publish(ValueOf("good"), clock_.Steady());
  clock_.Advance(std::chrono::seconds(30));
  entry_.Fail(Unavailable(), clock_.Steady());
  EXPECT_EQ(entry_.value(), good);
  const auto report = entry_.GetReport();
  EXPECT_EQ(report.state, EntryState::kStale);
  EXPECT_EQ(report.error->code, Code::kUnavailable);
  EXPECT_EQ(report.value, good);
  EXPECT_EQ(report.tried, clock_.Steady()) << "the newest try counts";
}

TEST_F(EntryTest, PublishingForgetsTheFailure) {
  entry_.Fail(Unavailable(), clock_.Steady());
  entry_.Publish(ValueOf("good"), clock_.Steady());
  EXPECT_EQ(entry_.GetReport().state, EntryState::kReady);
  EXPECT_FALSE(entry_.GetReport().error);
}

TEST_F(EntryTest, WhoHasAnOldVersionKeepsIt) {
  const ValuePtr old = entry_.Publish(ValueOf("old"), clock_.Steady());
  entry_.Publish(ValueOf("new"), clock_.Steady());
  EXPECT_EQ(Shown(old), "old");
  EXPECT_EQ(old->version, 1U);
  EXPECT_EQ(Shown(entry_.value()), "new");
}

TEST_F(EntryTest, AnOldVersionThatNobodyHasIsFreed) {
  entry_.Publish(ValueOf("first"), clock_.Steady());
  const size_t blocks = secret_heap::GetStats().blocks;
  for (int i = 0; i < 10; ++i) entry_.Publish(ValueOf("next"), clock_.Steady());
  EXPECT_EQ(secret_heap::GetStats().blocks, blocks);
}

TEST_F(EntryTest, AnEmptyValueIsAValue) {
  entry_.Publish(ValueOf(""), clock_.Steady());
  EXPECT_EQ(entry_.GetReport().state, EntryState::kReady);
}

TEST_F(EntryTest, LockMakingLetsOneInAtATime) {
  std::atomic<int> inside = 0;
  std::vector<std::jthread> makers;
  for (int i = 0; i < 4; ++i) {
    makers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const auto lock = entry_.LockMaking();
        ASSERT_EQ(++inside, 1);
        ASSERT_EQ(entry_.value(), entry_.GetReport().value);  // reading does not wait for makers
        --inside;
      }
    });
  }
}

TEST_F(EntryTest, ReadersSeeWholeVersionsInOrder) {
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&] {
        uint64_t last = 0;
        while (!done) {
          const auto report = entry_.GetReport();
          if (!report.value) continue;
          ASSERT_GE(report.value->version, last);
          last = report.value->version;
          ASSERT_EQ(Shown(report.value), std::string(100, static_cast<char>('a' + last % 26)));
          ASSERT_TRUE(report.state == EntryState::kReady || report.state == EntryState::kStale);
          ++reads;
        }
      });
    }
    for (uint64_t i = 1; (i <= 500 || reads < 100) && !HasFailure(); ++i) {
      entry_.Publish(ValueOf(std::string(100, static_cast<char>('a' + i % 26))), clock_.Steady());
      if (i % 3 == 0) entry_.Fail(Unavailable(), clock_.Steady());
    }
    done = true;
  }
}

TEST(StateName, NamesEveryState) {
  EXPECT_EQ(StateName(EntryState::kPending), "pending");
  EXPECT_EQ(StateName(EntryState::kReady), "ready");
  EXPECT_EQ(StateName(EntryState::kStale), "stale");
  EXPECT_EQ(StateName(EntryState::kFailed), "failed");
}

}  // namespace
}  // namespace secretfs
