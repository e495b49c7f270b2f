#include "remote/courtesy.h"

#include <gtest/gtest.h>

#include "tests/testkit/fake_clock.h"

namespace secretfs::remote {
namespace {

using namespace std::chrono_literals;
using State = Courtesy::State;

Error Of(Code code, std::chrono::seconds retry_after = 0s) {
  Error error{code, "it failed", "", ""};
  error.retry_after = retry_after;
  return error;
}

class CourtesyTest : public testing::Test {
 protected:
  [[nodiscard]] bool MayAsk(const std::string& document) const {
    return !courtesy_.WhyNot(document, clock_.Steady());
  }
  /// How long this document is refused from now on.
  [[nodiscard]] std::chrono::seconds PauseOf(const std::string& document) const {
    const auto why_not = courtesy_.WhyNot(document, clock_.Steady());
    if (!why_not) return 0s;
    return std::chrono::ceil<std::chrono::seconds>(why_not->until - clock_.Steady());
  }
  void Fail(const std::string& document, const Error& error) {
    courtesy_.Failed(document, courtesy_.Begin(document), error, clock_.Steady());
  }
  void Answer(const std::string& document) {
    courtesy_.Answered(document, courtesy_.Begin(document));
  }
  /// Until the pause is over.
  void WaitFor(const std::string& document) { clock_.Advance(PauseOf(document)); }

  double random_ = 0.5;
  testkit::FakeClock clock_;
  Courtesy courtesy_{[this] { return random_; }};
};

TEST_F(CourtesyTest, AsksWhatWasNeverAsked) {
  EXPECT_TRUE(MayAsk("a"));
  EXPECT_EQ(courtesy_.state(), State::kUntried);
}

TEST_F(CourtesyTest, IsQuickAtFirstAndThenBacksOffWithFullJitter) {
  for (const auto pause : {1s, 2s, 4s, 4s}) {
    Fail("a", Of(Code::kUnavailable));
    EXPECT_EQ(PauseOf("a"), pause);
    EXPECT_EQ(PauseOf("b"), 0s) << "one document alone says nothing about the others";
    WaitFor("a");
  }
  random_ = 0.25;
  Fail("a", Of(Code::kTimeout));
  EXPECT_EQ(PauseOf("a"), 4s) << "a part of 16 s";
  WaitFor("a");
  random_ = 0;
  Fail("a", Of(Code::kIo));
  EXPECT_EQ(PauseOf("a"), 1s) << "but never at once";
  random_ = 0.999999;
  for (int i = 0; i < 100; ++i) Fail("a", Of(Code::kUnavailable));
  EXPECT_EQ(PauseOf("a"), 15min);
}

TEST_F(CourtesyTest, PausesTheSourceWhenTwoDocumentsGetNoAnswer) {
  Fail("a", Of(Code::kUnavailable));
  Fail("b", Of(Code::kUnavailable));
  EXPECT_EQ(PauseOf("c"), 1s);
  EXPECT_EQ(courtesy_.state(), State::kFailing);
}

TEST_F(CourtesyTest, CountsWhatWasUnderWayTogetherOnce) {
  std::vector<Courtesy::Round> rounds;
  for (int i = 0; i < 10; ++i) rounds.push_back(courtesy_.Begin(std::to_string(i)));
  for (int i = 0; i < 10; ++i) {
    courtesy_.Failed(std::to_string(i), rounds[static_cast<size_t>(i)], Of(Code::kUnavailable),
                     clock_.Steady());
  }
  EXPECT_EQ(PauseOf("new"), 1s) << "ten failures at once are no ten in a row";
}

/// Brings the source to where it has failed often.
#define FAIL_OFTEN()                                     \
  for (int i = 0; i < 12; ++i) {                         \
    Fail(std::to_string(i % 3), Of(Code::kUnavailable)); \
    clock_.Advance(PauseOf("new"));                      \
  }

TEST_F(CourtesyTest, ProbesWithOneAfterAPause) {
  FAIL_OFTEN();
  ASSERT_TRUE(MayAsk("x"));
  const auto round = courtesy_.Begin("x");
  EXPECT_FALSE(MayAsk("y"));
  EXPECT_FALSE(MayAsk("z"));
  courtesy_.Answered("x", round);
  EXPECT_TRUE(MayAsk("y"));
  EXPECT_TRUE(MayAsk("0")) << "what failed with the others is forgiven with them";
  EXPECT_EQ(courtesy_.state(), State::kWell);
}

TEST_F(CourtesyTest, PausesAnewWhenTheProbeFails) {
  FAIL_OFTEN();
  Fail("x", Of(Code::kTimeout));
  EXPECT_GT(PauseOf("y"), 60s);
  clock_.Advance(PauseOf("y"));
  EXPECT_TRUE(MayAsk("y"));
}

TEST_F(CourtesyTest, GivesTheProbeBackWhenItIsDropped) {
  FAIL_OFTEN();
  courtesy_.Begin("x");
  ASSERT_FALSE(MayAsk("y"));
  courtesy_.Dropped("x");
  EXPECT_TRUE(MayAsk("y"));
}

TEST_F(CourtesyTest, LetsOneBadDocumentPauseNoOther) {
  for (int i = 0; i < 20; ++i) {
    Fail("bad", Of(Code::kTimeout));
    ASSERT_TRUE(MayAsk("good"));
    Answer("good");
    EXPECT_EQ(courtesy_.state(), State::kWell);
    clock_.Advance(1s);
  }
  EXPECT_GT(PauseOf("bad"), 10s) << "the answers for others do not make it better";
  for (const Code code : {Code::kNotFound, Code::kPermission, Code::kInvalid, Code::kTooLarge}) {
    Fail("bad", Of(code));
    EXPECT_EQ(PauseOf("bad"), 60s);
    EXPECT_EQ(PauseOf("good"), 0s);
    EXPECT_EQ(courtesy_.state(), State::kWell) << "it answered";
  }
}

TEST_F(CourtesyTest, StaysAwayAsLongAsItIsAskedTo) {
  random_ = 0.5;
  Fail("a", Of(Code::kLimited, 58min));
  EXPECT_EQ(courtesy_.state(), State::kLimited);
  EXPECT_GE(PauseOf("b"), 58min);
  EXPECT_LE(PauseOf("b"), 64min);
  WaitFor("b");
  EXPECT_TRUE(MayAsk("b"));
}

TEST_F(CourtesyTest, BacksOffFromALimitThatDoesNotSayHowLong) {
  Fail("a", Of(Code::kLimited));
  EXPECT_EQ(PauseOf("b"), 8s);
  WaitFor("b");
  Fail("b", Of(Code::kLimited));
  EXPECT_EQ(PauseOf("a"), 16s);
}

TEST_F(CourtesyTest, DoesNotForgetALimitForAnAnswerThatWasUnderWay) {
  const auto before = courtesy_.Begin("a");
  Fail("b", Of(Code::kLimited, 60s));
  courtesy_.Answered("a", before);
  EXPECT_FALSE(MayAsk("c"));
  const auto late = courtesy_.Begin("a");
  courtesy_.Failed("a", late, Of(Code::kRefused), clock_.Steady());
  EXPECT_EQ(courtesy_.state(), State::kRefused);
}

TEST_F(CourtesyTest, AsksNothingWithARefusedTokenForAQuarter) {
  Fail("a", Of(Code::kRefused));
  EXPECT_EQ(courtesy_.state(), State::kRefused);
  EXPECT_EQ(PauseOf("b"), 15min);
  WaitFor("b");
  courtesy_.Begin("b");
  EXPECT_FALSE(MayAsk("a")) << "one probe";
}

TEST_F(CourtesyTest, AsksAtOnceWithAnotherToken) {
  Fail("a", Of(Code::kRefused));
  courtesy_.TokenChanged();
  ASSERT_TRUE(MayAsk("a"));
  Fail("a", Of(Code::kRefused));
  EXPECT_EQ(PauseOf("a"), 15min);
  courtesy_.TokenChanged();
  Answer("a");
  EXPECT_TRUE(MayAsk("b"));
  EXPECT_EQ(courtesy_.state(), State::kWell);
}

TEST_F(CourtesyTest, KeepsOtherPausesWhenTheTokenChanged) {
  Fail("a", Of(Code::kLimited, 60s));
  courtesy_.TokenChanged();
  EXPECT_FALSE(MayAsk("a"));
}

TEST_F(CourtesyTest, AsksSoonWhenTheNetworkChanged) {
  FAIL_OFTEN();
  Fail("a", Of(Code::kUnavailable));
  ASSERT_GT(PauseOf("a"), 10s);
  courtesy_.NetworkChanged(clock_.Steady());
  EXPECT_EQ(PauseOf("a"), 1s) << "not in the same second";
  clock_.Advance(5s);
  courtesy_.NetworkChanged(clock_.Steady());
  EXPECT_TRUE(MayAsk("b"));
  Fail("b", Of(Code::kRefused));
  clock_.Advance(5s);
  courtesy_.NetworkChanged(clock_.Steady());
  EXPECT_FALSE(MayAsk("b")) << "that is not the network's";
}

TEST_F(CourtesyTest, LetsThroughWhatIsInsistedOnOnce) {
  for (const Code code : {Code::kUnavailable, Code::kLimited, Code::kRefused, Code::kNotFound}) {
    Fail("a", Of(code));
    Fail("b", Of(code));
    ASSERT_FALSE(MayAsk("a"));
    courtesy_.Insist("a");
    EXPECT_TRUE(MayAsk("a"));
    EXPECT_FALSE(MayAsk("b"));
    Fail("a", Of(code));
    EXPECT_FALSE(MayAsk("a"));
    courtesy_.Insist("a");
    Answer("a");
  }
}

TEST_F(CourtesyTest, SaysWhyAndWhen) {
  Fail("a", Of(Code::kNotFound));
  const auto why_not = courtesy_.WhyNot("a", clock_.Steady());
  ASSERT_TRUE(why_not);
  EXPECT_EQ(why_not->cause.code, Code::kNotFound);
  EXPECT_EQ(why_not->cause.what, "it failed");
}

}  // namespace
}  // namespace secretfs::remote
