#include "daemon/keeping.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/recording_log.h"

namespace secretfs {
namespace {

using Kind = KeeperRequest::Kind;

/// A keeper as a test wants it. Requests are kept as "wanted LINKS | COPIES" and "copy PATH
/// CONTENT".
class FakeKeeper {
 public:
  Result<KeeperAnswer> Ask(const KeeperRequest& request) {
    std::unique_lock lock(mutex_);
    std::string text = request.kind == Kind::kCopy ? "copy" : "wanted";
    for (const Kept& link : request.links) text += " " + link.name + "@" + link.path;
    if (request.kind == Kind::kWanted) text += " |";
    for (const Kept& copy : request.copies) text += " " + copy.name + "@" + copy.path;
    if (request.kind == Kind::kCopy) text += " " + std::string(AsText(request.content));
    requests_.push_back(text);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hung_; });
    if (unreachable_) return Error{Code::kUnavailable, "no keeper", "", ""};
    return std::exchange(answer_, {});
  }
  void Hang(bool hung) {
    const std::lock_guard lock(mutex_);
    hung_ = hung;
    changed_.notify_all();
  }
  void AnswerOnce(KeeperAnswer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void SetUnreachable(bool unreachable) {
    const std::lock_guard lock(mutex_);
    unreachable_ = unreachable;
  }
  /// All requests, once there are that many.
  std::vector<std::string> Requests(size_t count) {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, std::chrono::seconds(30),
                                        [&] { return requests_.size() >= count; });
    EXPECT_TRUE(came) << "only " << requests_.size() << " requests";
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> requests_;
  KeeperAnswer answer_;
  bool hung_ = false;
  bool unreachable_ = false;
};

class FakeChannel final : public KeeperChannel {
 public:
  explicit FakeChannel(FakeKeeper& keeper) : keeper_(keeper) {}
  Result<KeeperAnswer> Ask(const KeeperRequest& request) override { return keeper_.Ask(request); }
  void Rest() override {}

 private:
  FakeKeeper& keeper_;
};

class KeepingTest : public testing::Test {
 protected:
  static File Kept(const EntryPtr& entry, std::vector<std::string> links,
                   std::vector<std::string> copies) {
    Access access;
    access.owner = Principal::Number(1);
    access.group = Principal::Number(2);
    return {entry, access, {std::move(links), {}, std::move(copies)}};
  }
  static void Publish(const EntryPtr& entry, std::string_view text) {
    entry->Publish(testkit::MakeTestValue(text), {}, {});
  }
  void AwaitState(const std::string& path, bool current) {
    for (int i = 0; i < 3000; ++i) {
      const CopyStates states = keeping_.copies();
      const auto at = states.find(path);
      if (at != states.end() && at->second.current == current) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << path << " does not become " << current;
  }
  using Texts = std::vector<std::string>;

  testkit::FakeAccounts accounts_;
  testkit::RecordingLog log_;
  FakeKeeper keeper_;
  bool has_kept_ = false;
  const EntryPtr a_ = testkit::TextEntry("a");
  const EntryPtr b_ = testkit::TextEntry("b");
  Keeping keeping_{std::make_unique<FakeChannel>(keeper_),
                   {accounts_, log_, [](const EntryPtr&) {}, [this] { return has_kept_; }}};
};

TEST_F(KeepingTest, AsksForAllThenGivesTheNewestContent) {
  Publish(a_, "one");
  keeping_.Keep({Kept(a_, {"/l"}, {"/c"}), Kept(b_, {"/m"}, {})});
  EXPECT_EQ(keeper_.Requests(2), (Texts{"wanted a@/l b@/m | a@/c", "copy a@/c one"}));
  AwaitState("/c", true);
  Publish(a_, "two");
  keeping_.Tried(a_);
  EXPECT_EQ(keeper_.Requests(3).back(), "copy a@/c two");
  keeping_.Tried(a_);  // nothing new
  keeping_.Tried(b_);
  Publish(a_, "three");
  keeping_.Tried(a_);
  EXPECT_EQ(keeper_.Requests(4), (Texts{"wanted a@/l b@/m | a@/c", "copy a@/c one", "copy a@/c two",
                                        "copy a@/c three"}));
}

TEST_F(KeepingTest, GivesACopyWhenItsFirstValueComes) {
  keeping_.Keep({Kept(a_, {}, {"/c"})});
  EXPECT_EQ(keeper_.Requests(1), (Texts{"wanted | a@/c"}));
  AwaitState("/c", false);
  Publish(a_, "late");
  keeping_.Tried(a_);
  EXPECT_EQ(keeper_.Requests(2).back(), "copy a@/c late");
}

TEST_F(KeepingTest, IsAwaitedUntilEachCopyIsThereOrHasFailed) {
  Publish(a_, "one");
  keeper_.Hang(true);
  keeping_.Keep({Kept(a_, {}, {"/c"}), Kept(b_, {}, {"/d"})});
  std::atomic<bool> done = false;
  std::jthread waiter([&] {
    EXPECT_TRUE(keeping_.AwaitCopies(std::chrono::seconds(30)));
    done = true;
  });
  (void)keeper_.Requests(1);
  EXPECT_FALSE(keeping_.AwaitCopies(std::chrono::milliseconds(1)));
  keeper_.Hang(false);
  AwaitState("/c", true);
  EXPECT_FALSE(done);
  b_->Fail({Code::kNotFound, "not there", "", ""}, {});
  keeping_.Tried(b_);
  waiter.join();
  EXPECT_TRUE(keeping_.copies().at("/c").current);
}

TEST_F(KeepingTest, GivesAgainWhatIsMissing) {
  Publish(a_, "one");
  keeping_.Keep({Kept(a_, {}, {"/c"})});
  AwaitState("/c", true);
  keeper_.AnswerOnce({{}, {"/c"}});
  keeping_.Keep({Kept(a_, {}, {"/c"})});
  EXPECT_EQ(keeper_.Requests(4),
            (Texts{"wanted | a@/c", "copy a@/c one", "wanted | a@/c", "copy a@/c one"}));
}

TEST_F(KeepingTest, AHungKeeperHoldsUpNobodyAndTheNewestWins) {
  Publish(a_, "1");
  keeper_.Hang(true);
  keeping_.Keep({Kept(a_, {}, {"/c"})});
  (void)keeper_.Requests(1);
  for (int i = 2; i < 1000; ++i) {
    Publish(a_, std::to_string(i));
    keeping_.Tried(a_);
    keeping_.Keep({Kept(a_, {"/l" + std::to_string(i)}, {"/c"})});
  }
  keeper_.Hang(false);
  const auto requests = keeper_.Requests(3);
  EXPECT_LE(requests.size(), 4U);
  EXPECT_NE(std::ranges::find(requests, "wanted a@/l999 | a@/c"), requests.end());
  EXPECT_NE(std::ranges::find(requests, "copy a@/c 999"), requests.end());
}

TEST_F(KeepingTest, EndsWithoutAKeeperThatHangs) {
  keeper_.Hang(true);
  keeping_.Keep({Kept(a_, {"/l"}, {})});
  (void)keeper_.Requests(1);
  EXPECT_FALSE(keeping_.Stop());
  keeper_.Hang(false);
}

TEST_F(KeepingTest, TellsWhatFailedAndTriesAgain) {
  Publish(a_, "one");
  keeper_.SetUnreachable(true);
  keeping_.Keep({Kept(a_, {}, {"/c"})});
  AwaitState("/c", false);
  (void)keeper_.Requests(2);  // the second one five seconds later
  EXPECT_EQ(keeping_.copies().at("/c").error->what, "no keeper");
  keeper_.SetUnreachable(false);
  AwaitState("/c", true);
  EXPECT_EQ(log_.Count("event=keeper_not_reached"), 1U);
}

TEST_F(KeepingTest, TellsWhatTheKeeperRefuses) {
  Publish(a_, "one");
  keeper_.AnswerOnce({{{Code::kInvalid, "in the way", "/l", ""}}, {}});
  keeping_.Keep({Kept(a_, {"/l"}, {"/c"})});
  AwaitState("/c", true);
  EXPECT_EQ(log_.Count("event=not_kept reason=\"/l: in the way\""), 1U);
  keeper_.AnswerOnce({{{Code::kInvalid, "is not on a ramfs", "/c", ""}}, {}});
  Publish(a_, "two");
  keeping_.Tried(a_);
  AwaitState("/c", false);
  EXPECT_EQ(log_.Count("event=not_copied"), 1U);
  AwaitState("/c", true);
  EXPECT_EQ(std::ranges::count(keeper_.Requests(4), "copy a@/c two"), 2);
}

TEST_F(KeepingTest, AsksAgainForWhatCouldNotBeDone) {
  const Error problem{Code::kIo, "in the way", "/l", ""};
  keeper_.AnswerOnce({{problem}, {}});
  keeping_.Keep({Kept(a_, {"/l"}, {})});
  (void)keeper_.Requests(1);
  keeper_.AnswerOnce({{problem}, {}});
  EXPECT_EQ(keeper_.Requests(2), (Texts{"wanted a@/l |", "wanted a@/l |"}));  // in five seconds
  EXPECT_TRUE(keeping_.Stop());
  EXPECT_EQ(log_.Count("event=not_kept"), 1U);  // that is no news
}

TEST_F(KeepingTest, AsksNobodyWhereNothingIsKept) {
  keeping_.Keep({Kept(a_, {}, {})});
  keeping_.Keep({Kept(a_, {"/l"}, {})});
  (void)keeper_.Requests(1);
  keeping_.Keep({});  // what was there is to go
  EXPECT_EQ(keeper_.Requests(2), (Texts{"wanted a@/l |", "wanted |"}));
}

TEST_F(KeepingTest, LargeValuesHaveNoCopies) {
  a_->Publish(testkit::ValueWithContent(std::make_shared<testkit::TextContent>("x")), {}, {});
  keeping_.Keep({Kept(a_, {}, {"/c"})});
  AwaitState("/c", false);
  for (int i = 0; i < 1000 && !keeping_.copies().at("/c").error; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(keeping_.copies().at("/c").error->code, Code::kTooLarge);
}

}  // namespace
}  // namespace secretfs
