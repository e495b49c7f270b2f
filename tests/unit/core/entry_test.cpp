#include "core/entry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/secret_heap.h"
#include "tests/testkit/entries.h"
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
  const ValuePtr made = entry_.Publish(ValueOf("one"), clock_.Steady(), clock_.Wall());
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
  EXPECT_EQ(entry_.Publish(std::move(forged), clock_.Steady(), clock_.Wall())->version, 1U);
  EXPECT_EQ(entry_.Publish(ValueOf("two"), clock_.Steady(), clock_.Wall())->version, 2U);
  entry_.Fail(Unavailable(), clock_.Steady());
  EXPECT_EQ(entry_.Publish(ValueOf("three"), clock_.Steady(), clock_.Wall())->version, 3U)
      << "a failure counted";
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
  const ValuePtr good = entry_.Publish(ValueOf("good"), clock_.Steady(), clock_.Wall());
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
  entry_.Publish(ValueOf("good"), clock_.Steady(), clock_.Wall());
  EXPECT_EQ(entry_.GetReport().state, EntryState::kReady);
  EXPECT_FALSE(entry_.GetReport().error);
}

TEST_F(EntryTest, WhoHasAnOldVersionKeepsIt) {
  const ValuePtr old = entry_.Publish(ValueOf("old"), clock_.Steady(), clock_.Wall());
  entry_.Publish(ValueOf("new"), clock_.Steady(), clock_.Wall());
  EXPECT_EQ(Shown(old), "old");
  EXPECT_EQ(old->version, 1U);
  EXPECT_EQ(Shown(entry_.value()), "new");
}

TEST_F(EntryTest, AnOldVersionThatNobodyHasIsFreed) {
  entry_.Publish(ValueOf("first"), clock_.Steady(), clock_.Wall());
  const size_t blocks = secret_heap::GetStats().blocks;
  for (int i = 0; i < 10; ++i)
    entry_.Publish(ValueOf(std::to_string(i)), clock_.Steady(), clock_.Wall());
  EXPECT_EQ(secret_heap::GetStats().blocks, blocks);
}

TEST_F(EntryTest, TheSameBytesAgainAreNoNewVersion) {
  Value first = ValueOf("same");
  first.modified = WallTime(std::chrono::seconds(77));
  const ValuePtr old = entry_.Publish(std::move(first), clock_.Steady(), clock_.Wall());
  entry_.Fail(Unavailable(), clock_.Steady());
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_EQ(entry_.Publish(ValueOf("same"), clock_.Steady(), clock_.Wall()), old);
  const auto report = entry_.GetReport();
  EXPECT_EQ(report.value, old);
  EXPECT_EQ(report.state, EntryState::kReady) << "though it had failed meanwhile";
  EXPECT_EQ(report.tried, clock_.Steady());
  EXPECT_EQ(entry_.Publish(ValueOf("sama"), clock_.Steady(), clock_.Wall())->version, 2U);
  EXPECT_EQ(entry_.Publish(ValueOf("sam"), clock_.Steady(), clock_.Wall())->version, 3U);
}

TEST_F(EntryTest, NewRemarksAreNoNewVersion) {
  const ValuePtr old = entry_.Publish(ValueOf("same"), clock_.Steady(), clock_.Wall());
  Value again = ValueOf("same");
  again.notes = {{"left out", false}};
  const ValuePtr next = entry_.Publish(std::move(again), clock_.Steady(), clock_.Wall());
  EXPECT_EQ(next->version, 1U);
  EXPECT_EQ(next->modified, old->modified);
  EXPECT_EQ(next->notes.size(), 1U);
}

TEST_F(EntryTest, TokensThatDifferAreANewVersion) {
  const auto tokens = [](std::string_view token) {
    Value value;
    value.tokens.push_back({"github.com", "", TokenKind::kGithub, std::move(ValueOf(token).bytes)});
    return value;
  };
  entry_.Publish(tokens("one"), clock_.Steady(), clock_.Wall());
  EXPECT_EQ(entry_.Publish(tokens("one"), clock_.Steady(), clock_.Wall())->version, 1U);
  EXPECT_EQ(entry_.Publish(tokens("two"), clock_.Steady(), clock_.Wall())->version, 2U);
}

TEST_F(EntryTest, AContentIsAlwaysANewVersion) {
  const auto content = std::make_shared<testkit::TextContent>("large");
  entry_.Publish(testkit::ValueWithContent(content), clock_.Steady(), clock_.Wall());
  EXPECT_EQ(
      entry_.Publish(testkit::ValueWithContent(content), clock_.Steady(), clock_.Wall())->version,
      2U);
}

TEST_F(EntryTest, TheFirstVersionHasItsSourcesTimeAndLaterOnesTheirOwn) {
  Value first = ValueOf("one");
  first.modified = WallTime(std::chrono::seconds(77));
  EXPECT_EQ(entry_.Publish(std::move(first), clock_.Steady(), clock_.Wall())->modified,
            WallTime(std::chrono::seconds(77)));
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_EQ(entry_.Publish(ValueOf("two"), clock_.Steady(), clock_.Wall())->modified,
            clock_.Wall());
}

TEST_F(EntryTest, TheTimeMovesForwardThoughTheClockJumpsBack) {
  const WallTime now = clock_.Wall();
  entry_.Publish(ValueOf("one"), clock_.Steady(), now);
  const WallTime second = entry_.Publish(ValueOf("two"), clock_.Steady(), now)->modified;
  const WallTime third =
      entry_.Publish(ValueOf("three"), clock_.Steady(), now - std::chrono::hours(24))->modified;
  EXPECT_EQ(third, second + std::chrono::milliseconds(1));
  EXPECT_EQ(entry_.Publish(ValueOf("four"), clock_.Steady(), third)->modified,
            third + std::chrono::milliseconds(1))
      << "also within one tick";
}

TEST_F(EntryTest, IsWantedOnceItsMakingBegan) {
  EXPECT_FALSE(entry_.wanted());
  (void)entry_.LockMaking();
  EXPECT_TRUE(entry_.wanted());
}

TEST_F(EntryTest, AnEmptyValueIsAValue) {
  entry_.Publish(ValueOf(""), clock_.Steady(), clock_.Wall());
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
      entry_.Publish(ValueOf(std::string(100, static_cast<char>('a' + i % 26))), clock_.Steady(),
                     clock_.Wall());
      if (i % 3 == 0) entry_.Fail(Unavailable(), clock_.Steady());
    }
    done = true;
  }
}

TEST_F(EntryTest, IsWellAgainWhenItsValueWasFoundToBeTheNewest) {
  entry_.Publish(ValueOf("old"), clock_.Steady(), clock_.Wall());
  entry_.Fail(Unavailable(), clock_.Steady());
  entry_.Confirm(clock_.Steady());
  EXPECT_EQ(entry_.GetReport().state, EntryState::kReady);
  EXPECT_EQ(entry_.GetReport().value->version, 1U);
}

TEST_F(EntryTest, ServesWhatWasKeptAsStaleUntilThereIsMore) {
  entry_.Preload(ValueOf("kept"), Unavailable());
  EXPECT_EQ(entry_.GetReport().state, EntryState::kStale);
  EXPECT_EQ(Shown(entry_.value()), "kept");
  entry_.Publish(ValueOf("kept"), clock_.Steady(), clock_.Wall());
  EXPECT_EQ(entry_.GetReport().state, EntryState::kReady);
  EXPECT_EQ(entry_.value()->version, 1U);
  entry_.Preload(ValueOf("late"), Unavailable());
  EXPECT_EQ(Shown(entry_.value()), "kept");
}

TEST_F(EntryTest, TellsFetchedSecretsApart) {
  const auto document = [](std::string_view text, bool failed) {
    Value value;
    value.fetched.push_back({"a", SecretBytes::CopyOf(AsBytes(text))});
    if (failed) value.fetched.back().value = Unavailable();
    return value;
  };
  EXPECT_EQ(entry_.Publish(document("1", false), clock_.Steady(), clock_.Wall())->version, 1U);
  EXPECT_EQ(entry_.Publish(document("1", false), clock_.Steady(), clock_.Wall())->version, 1U);
  EXPECT_EQ(entry_.Publish(document("2", false), clock_.Steady(), clock_.Wall())->version, 2U);
  EXPECT_EQ(entry_.Publish(document("2", true), clock_.Steady(), clock_.Wall())->version, 3U);
  EXPECT_EQ(entry_.Publish(document("2", true), clock_.Steady(), clock_.Wall())->version, 3U);
}

TEST(StateName, NamesEveryState) {
  EXPECT_EQ(StateName(EntryState::kPending), "pending");
  EXPECT_EQ(StateName(EntryState::kReady), "ready");
  EXPECT_EQ(StateName(EntryState::kStale), "stale");
  EXPECT_EQ(StateName(EntryState::kFailed), "failed");
}

}  // namespace
}  // namespace secretfs
