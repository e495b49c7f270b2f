#include "daemon/worker_loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <latch>
#include <new>
#include <optional>

#include "base/file.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/recording_log.h"

namespace secretfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testkit::MakeTestValue;
using testkit::TextEntry;
using testkit::TextOf;

EntryPtr EntryMadeBy(std::string name, MakeValue make, std::vector<EntryPtr> inputs = {}) {
  EntrySpec spec;
  spec.name = std::move(name);
  spec.inputs = std::move(inputs);
  spec.make = std::move(make);
  return std::make_shared<Entry>(std::move(spec));
}

/// The answer to one Want(), waited for. A copy, since Done gets it by reference.
Result<ValuePtr> WantAndWait(Loader& loader, const EntryPtr& entry, SteadyTime deadline,
                             Loader::Patience patience = Loader::Patience::kNone) {
  std::promise<Result<ValuePtr>> promise;
  loader.Want(entry, deadline, patience,
              [&](const Result<ValuePtr>& value) { promise.set_value(value); });
  return promise.get_future().get();
}

class WorkerLoaderTest : public testing::Test {
 protected:
  [[nodiscard]] SteadyTime Later() const { return clock_.Steady() + seconds(60); }
  SystemClock clock_;
  testkit::RecordingLog log_;
};

TEST_F(WorkerLoaderTest, MakesAValueOnceForAllWhoWant) {
  std::atomic<int> made = 0;
  std::latch hold(1);
  const auto entry = EntryMadeBy("x", [&](auto...) -> Result<Value> {
    hold.wait();
    ++made;
    return MakeTestValue("v");
  });
  WorkerLoader loader(clock_, log_, 2);
  constexpr int kReaders = 1000;
  std::atomic<int> answered = 0;
  std::promise<void> all;
  for (int i = 0; i < kReaders; ++i) {
    loader.Want(entry, Later(), Loader::Patience::kNone, [&](const Result<ValuePtr>& value) {
      EXPECT_TRUE(value.has_value());
      if (++answered == kReaders) all.set_value();
    });
  }
  EXPECT_EQ(answered, 0) << "they wait without a thread each";
  EXPECT_EQ(loader.waiting(), size_t{kReaders});
  hold.count_down();
  all.get_future().wait();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(loader.waiting(), 0U);
}

TEST_F(WorkerLoaderTest, AnswersAtOnceWhatIsThere) {
  const auto entry = TextEntry("x");
  entry->Publish(MakeTestValue("there"), clock_.Steady(), clock_.Wall());
  WorkerLoader loader(clock_, log_, 1);
  const auto main_thread = std::this_thread::get_id();
  std::optional<std::string> got;
  loader.Want(entry, Later(), Loader::Patience::kNone, [&](const Result<ValuePtr>& value) {
    EXPECT_EQ(std::this_thread::get_id(), main_thread);
    got = TextOf(*value);
  });
  EXPECT_EQ(got, "there");
}

TEST_F(WorkerLoaderTest, GivesUpAtTheDeadlineAndFinishesTheWorkForTheNext) {
  std::latch hold(1);
  const auto entry = EntryMadeBy("slow", [&](auto...) -> Result<Value> {
    hold.wait();
    return MakeTestValue("v");
  });
  WorkerLoader loader(clock_, log_, 1);
  const auto early = WantAndWait(loader, entry, clock_.Steady() + milliseconds(1));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, Code::kTimeout);
  hold.count_down();
  EXPECT_TRUE(WantAndWait(loader, entry, Later()));
}

TEST_F(WorkerLoaderTest, AnEarlierDeadlineOvertakesALaterOne) {
  std::latch hold(1);
  const auto entry = EntryMadeBy("slow", [&](auto...) -> Result<Value> {
    hold.wait();
    return MakeTestValue("v");
  });
  WorkerLoader loader(clock_, log_, 1);
  std::promise<void> late_answered;
  loader.Want(entry, Later(), Loader::Patience::kNone, [&](const Result<ValuePtr>& value) {
    EXPECT_TRUE(value.has_value());
    late_answered.set_value();
  });
  EXPECT_EQ(WantAndWait(loader, entry, clock_.Steady() + milliseconds(5)).error().code,
            Code::kTimeout);
  hold.count_down();
  late_answered.get_future().wait();
}

TEST_F(WorkerLoaderTest, OneStuckSecretDoesNotHoldUpAnother) {
  std::latch hold(1);
  const auto stuck = EntryMadeBy("stuck", [&](auto...) -> Result<Value> {
    hold.wait();
    return MakeTestValue("v");
  });
  WorkerLoader loader(clock_, log_, 2);
  loader.Want(stuck, Later(), Loader::Patience::kNone, [](const auto&) {});
  EXPECT_TRUE(WantAndWait(loader, TextEntry("other"), Later()));
  hold.count_down();
}

TEST_F(WorkerLoaderTest, StopAnswersThoseWhoWaitAndThoseWhoCome) {
  std::latch started(1);
  const auto entry =
      EntryMadeBy("x", [&](std::span<const ValuePtr>, SteadyTime, const std::stop_token& stop) {
        started.count_down();
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any().wait(lock, stop,
                                           [] { return false; });  // a fetch that heeds the token
        return Result<Value>(Error{Code::kUnavailable, "stopped", "", ""});
      });
  WorkerLoader loader(clock_, log_, 1);
  std::atomic<int> refused = 0;
  const auto count = [&](const Result<ValuePtr>& value) { refused += value ? 0 : 1; };
  loader.Want(entry, Later(), Loader::Patience::kNone, count);
  started.wait();
  loader.Want(TextEntry("queued"), Later(), Loader::Patience::kNone,
              count);  // the one worker is busy
  EXPECT_TRUE(loader.Stop());
  EXPECT_EQ(refused, 2);
  loader.Want(TextEntry("too late"), Later(), Loader::Patience::kNone, count);
  EXPECT_EQ(refused, 3);
}

TEST_F(WorkerLoaderTest, StuckWorkersAreJoinedByOthers) {
  std::latch hold(1);
  std::vector<EntryPtr> stuck;
  WorkerLoader loader(clock_, log_, 2);
  for (int i = 0; i < 2; ++i) {
    stuck.push_back(EntryMadeBy("stuck", [&](auto...) -> Result<Value> {
      hold.wait();
      return MakeTestValue("v");
    }));
    loader.Want(stuck.back(), Later(), Loader::Patience::kNone, [](const auto&) {});
  }
  EXPECT_TRUE(WantAndWait(loader, TextEntry("other"), Later()));
  hold.count_down();
}

TEST_F(WorkerLoaderTest, StopAnswersAtOnceThoughAWorkerIsStuck) {
  std::latch started(1);
  std::latch hold(1);
  std::atomic<int> refused = 0;
  const auto entry = EntryMadeBy("stuck", [&](auto...) -> Result<Value> {
    started.count_down();
    hold.wait();
    return MakeTestValue("v");
  });
  WorkerLoader loader(clock_, log_, 1);
  loader.Want(entry, Later(), Loader::Patience::kNone,
              [&](const Result<ValuePtr>& value) { refused += value ? 0 : 1; });
  started.wait();
  EXPECT_FALSE(loader.Stop());
  EXPECT_EQ(refused, 1);
  hold.count_down();
  EXPECT_TRUE(loader.Stop());
  EXPECT_EQ(refused, 1) << "answered once";
}

TEST_F(WorkerLoaderTest, ManyThreadsWantManyEntries) {
  std::vector<EntryPtr> entries;
  for (int i = 0; i < 100; ++i)
    entries.push_back(TextEntry("e" + std::to_string(i), std::to_string(i)));
  WorkerLoader loader(clock_, log_, 4);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (size_t i = 0; i < entries.size(); ++i) {
          const auto value = WantAndWait(loader, entries[i], Later());
          right += value && TextOf(*value) == std::to_string(i) ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 400);
}

/// What `tried` heard, waited for.
class Heard {
 public:
  [[nodiscard]] auto Listener() {
    return [this](const EntryPtr& entry) {
      const std::lock_guard lock(mutex_);
      text_ += entry->name() + " ";
      came_.notify_all();
    };
  }
  std::string Until(std::string_view text) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, seconds(30), [&] { return text_ == text; });
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::string text_;
};

TEST_F(WorkerLoaderTest, RefreshMakesAnewWhatIsThereAndTells) {
  std::atomic<int> made = 0;
  const auto entry = EntryMadeBy(
      "x", [&](auto...) -> Result<Value> { return MakeTestValue(std::to_string(++made)); });
  Heard heard;
  WorkerLoader loader(clock_, log_, 2, heard.Listener());
  const auto first = WantAndWait(loader, entry, Later());
  EXPECT_EQ(TextOf(*first), "1");
  loader.Refresh(entry);
  EXPECT_EQ(heard.Until("x x "), "x x ");
  EXPECT_EQ(TextOf(entry->value()), "2");
  EXPECT_EQ(TextOf(*first), "1") << "who has the old one keeps it";
}

TEST_F(WorkerLoaderTest, ARefreshThatFailsKeepsTheLastGoodValueAndOneThatHealsClearsTheFailure) {
  std::atomic<int> made = 0;
  const auto entry = EntryMadeBy("x", [&](auto...) -> Result<Value> {
    if (++made == 2) return Error{Code::kPayload, "broken", "", ""};
    return MakeTestValue("good");
  });
  Heard heard;
  WorkerLoader loader(clock_, log_, 1, heard.Listener());
  ASSERT_TRUE(WantAndWait(loader, entry, Later()));
  loader.Refresh(entry);
  heard.Until("x x ");
  EXPECT_EQ(entry->GetReport().state, EntryState::kStale);
  EXPECT_EQ(entry->GetReport().error->what, "broken");
  EXPECT_EQ(TextOf(*WantAndWait(loader, entry, Later())), "good");
  loader.Refresh(entry);  // at once, though it failed a moment ago
  heard.Until("x x x ");
  EXPECT_EQ(entry->GetReport().state, EntryState::kReady);
  EXPECT_EQ(entry->value()->version, 1U) << "the same bytes";
}

TEST_F(WorkerLoaderTest, WhatIsStaleHealsByItself) {
  std::atomic<int> made = 0;
  const auto entry = EntryMadeBy("x", [&](auto...) -> Result<Value> {
    if (++made == 2) return Error{Code::kResource, "no memory for a moment", "", ""};
    return MakeTestValue(std::to_string(made));
  });
  Heard heard;
  WorkerLoader loader(clock_, log_, 1, heard.Listener());
  ASSERT_TRUE(WantAndWait(loader, entry, Later()));
  loader.Refresh(entry);
  heard.Until("x x x ");
  EXPECT_EQ(entry->GetReport().state, EntryState::kReady);
  EXPECT_EQ(TextOf(entry->value()), "3");
}

TEST_F(WorkerLoaderTest, WhoWaitsGetsWhatFailedForWantOfMemory) {
  std::atomic<int> made = 0;
  const auto entry = EntryMadeBy("x", [&](auto...) -> Result<Value> {
    if (++made == 1) throw std::bad_alloc();
    if (made == 2) return SystemError(EMFILE, "cannot open", "/f");
    return MakeTestValue("there");
  });
  WorkerLoader loader(clock_, log_, 1);
  const auto got = WantAndWait(loader, entry, Later(), Loader::Patience::kUntilDeadline);
  ASSERT_TRUE(got) << got.error().Text();
  EXPECT_EQ(TextOf(*got), "there");
  EXPECT_EQ(made, 3);
}

TEST_F(WorkerLoaderTest, RefreshLeavesAloneWhatNobodyWanted) {
  std::atomic<int> made = 0;
  const auto entry = EntryMadeBy("x", [&](auto...) -> Result<Value> {
    ++made;
    return MakeTestValue("v");
  });
  WorkerLoader loader(clock_, log_, 1);
  loader.Refresh(entry);
  EXPECT_TRUE(WantAndWait(loader, TextEntry("other"), Later()));
  EXPECT_EQ(made, 0);
}

TEST_F(WorkerLoaderTest, AChangeWhileAnInputIsMadeForItsViewIsNotLost) {
  std::latch started(1);
  std::latch hold(1);
  std::atomic<int> made = 0;
  const auto input = EntryMadeBy("input", [&](auto...) -> Result<Value> {
    if (++made == 1) {
      started.count_down();
      hold.wait();
      return MakeTestValue("old");
    }
    return MakeTestValue("new");
  });
  const auto view = EntryMadeBy("view",
                                [](std::span<const ValuePtr> in, auto...) -> Result<Value> {
                                  return MakeTestValue("<" + TextOf(in[0]) + ">");
                                },
                                {input});
  Heard heard;
  WorkerLoader loader(clock_, log_, 2, heard.Listener());
  loader.Want(view, Later(), Loader::Patience::kNone, [](const auto&) {});
  started.wait();
  loader.Refresh(input);
  hold.count_down();
  for (int i = 0; i < 3000 && made < 2; ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(TextOf(*WantAndWait(loader, view, Later())), "<old>");
  EXPECT_EQ(made, 2);
  EXPECT_TRUE(WantAndWait(loader, input, Later()));
  loader.Refresh(view);
  for (int i = 0; i < 3000 && TextOf(view->value()) != "<new>"; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(TextOf(view->value()), "<new>");
  EXPECT_EQ(made, 2) << "a view takes its inputs as they are";
}

TEST_F(WorkerLoaderTest, AThousandWaitForWhatIsNotThereAndGetItWhenItCame) {
  std::atomic<bool> there = false;
  std::vector<EntryPtr> entries;
  for (int i = 0; i < 1000; ++i) {
    entries.push_back(EntryMadeBy("x", [&](auto...) -> Result<Value> {
      if (!there) return Error{Code::kNotFound, "not there", "", "", true};
      return MakeTestValue("v");
    }));
  }
  WorkerLoader loader(clock_, log_, 2);
  std::atomic<int> had = 0;
  std::atomic<int> answered = 0;
  std::promise<void> all;
  for (const EntryPtr& entry : entries) {
    loader.Want(entry, Later(), Loader::Patience::kUntilDeadline,
                [&](const Result<ValuePtr>& value) {
                  had += value ? 1 : 0;
                  if (++answered == 1000) all.set_value();
                });
  }
  EXPECT_TRUE(WantAndWait(loader, TextEntry("other"), Later())) << "nobody is held up";
  EXPECT_EQ(answered, 0);
  there = true;
  all.get_future().wait();
  EXPECT_EQ(had, 1000);
}

TEST_F(WorkerLoaderTest, AViewWaitsForItsInput) {
  std::atomic<bool> there = false;
  const auto input = EntryMadeBy("input", [&](auto...) -> Result<Value> {
    if (!there) return Error{Code::kNotFound, "not there", "", "", true};
    return MakeTestValue("v");
  });
  const auto view = EntryMadeBy(
      "view", [](auto...) -> Result<Value> { return MakeTestValue("rendered"); }, {input});
  WorkerLoader loader(clock_, log_, 1);
  std::promise<Result<ValuePtr>> promise;
  loader.Want(view, Later(), Loader::Patience::kUntilDeadline,
              [&](const Result<ValuePtr>& value) { promise.set_value(value); });
  EXPECT_FALSE(WantAndWait(loader, input, Later()));
  EXPECT_EQ(input->GetReport().state, EntryState::kPending);
  there = true;
  EXPECT_EQ(TextOf(*promise.get_future().get()), "rendered");
}

TEST_F(WorkerLoaderTest, CancelAnswersOneWhoWaitsAtOnceAndOnce) {
  const auto entry = EntryMadeBy("x", [](auto...) -> Result<Value> {
    return Error{Code::kNotFound, "not there", "", "", true};
  });
  WorkerLoader loader(clock_, log_, 1);
  EXPECT_FALSE(WantAndWait(loader, entry, Later()));
  int interrupted = 0;
  const auto ticket = loader.Want(entry, Later(), Loader::Patience::kUntilDeadline,
                                  [&](const Result<ValuePtr>& value) {
                                    ASSERT_FALSE(value);
                                    EXPECT_EQ(value.error().code, Code::kInterrupted);
                                    ++interrupted;
                                  });
  ASSERT_NE(ticket, 0U);
  loader.Cancel(ticket);
  EXPECT_EQ(interrupted, 1);
  loader.Cancel(ticket);
  EXPECT_TRUE(loader.Stop());
  EXPECT_EQ(interrupted, 1);
}

TEST_F(WorkerLoaderTest, WhoDoesNotWaitGetsTheTrueFailureOfBefore) {
  const auto entry = EntryMadeBy("x", [](auto...) -> Result<Value> {
    return Error{Code::kNotFound, "not there", "", "", true};
  });
  entry->Fail({Code::kNotFound, "not there", "", "", true}, clock_.Steady() - seconds(100));
  WorkerLoader loader(clock_, log_, 1);
  std::optional<Code> code;
  loader.Want(entry, clock_.Steady(), Loader::Patience::kUntilDeadline,
              [&](const Result<ValuePtr>& value) { code = value.error().code; });
  EXPECT_EQ(code, Code::kNotFound);
}

TEST_F(WorkerLoaderTest, StopAnswersThoseWhoWaitForWhatMayCome) {
  const auto entry = EntryMadeBy("x", [](auto...) -> Result<Value> {
    return Error{Code::kNotFound, "not there", "", "", true};
  });
  WorkerLoader loader(clock_, log_, 1);
  EXPECT_FALSE(WantAndWait(loader, entry, Later()));
  std::optional<Code> code;
  loader.Want(entry, Later(), Loader::Patience::kUntilDeadline,
              [&](const Result<ValuePtr>& value) { code = value.error().code; });
  EXPECT_FALSE(code);
  EXPECT_TRUE(loader.Stop());
  EXPECT_EQ(code, Code::kUnavailable);
}

class MakeNowTest : public testing::Test {
 protected:
  Result<ValuePtr> Make(const EntryPtr& entry) { return MakeNow(entry, clock_, log_, {}); }
  testkit::FakeClock clock_;
  testkit::RecordingLog log_;
};

TEST_F(MakeNowTest, MakesInputsFirst) {
  const auto a = TextEntry("a", "A");
  const auto b = TextEntry("b", "B");
  const auto joined = EntryMadeBy("joined",
                                  [](std::span<const ValuePtr> in, auto...) -> Result<Value> {
                                    return MakeTestValue(TextOf(in[0]) + TextOf(in[1]));
                                  },
                                  {a, b});
  EXPECT_EQ(TextOf(*Make(joined)), "AB");
  EXPECT_EQ(a->GetReport().state, EntryState::kReady);
}

TEST_F(MakeNowTest, WithAKeyValuesHaveFingerprints) {
  const std::string key(32, 'k');
  const std::string other(32, 'o');
  const auto mark = [&](const EntryPtr& entry, const std::string& by) {
    const auto value = MakeNow(entry, clock_, log_, {}, Verify::kByPart, nullptr, AsBytes(by));
    return (*value)->fingerprint;
  };
  const auto a = mark(TextEntry("a", "same"), key);
  ASSERT_TRUE(a);
  EXPECT_EQ(a, mark(TextEntry("b", "same"), key));
  EXPECT_NE(a, mark(TextEntry("a", "other"), key));
  EXPECT_NE(a, mark(TextEntry("a", "same"), other));
  EXPECT_FALSE((*Make(TextEntry("a", "same")))->fingerprint) << "nobody would compare it";
  const auto unknown = EntryMadeBy("large", [](auto...) -> Result<Value> {
    return testkit::ValueWithContent(std::make_shared<testkit::TextContent>("large"));
  });
  EXPECT_FALSE(mark(unknown, key)) << "it does not say what it is";
}

TEST_F(MakeNowTest, AFailedInputFailsItsViewWithTheInputsCode) {
  const auto bad = EntryMadeBy("bad", [](auto...) -> Result<Value> {
    return Error{Code::kNoMatch, "no identity opens it", "/x.age", "mend it"};
  });
  const auto view =
      EntryMadeBy("view", [](auto...) -> Result<Value> { return MakeTestValue("never"); }, {bad});
  const auto made = Make(view);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kNoMatch);
  EXPECT_EQ(made.error().Text(), "needs 'bad', which failed: /x.age: no identity opens it");
  EXPECT_EQ(made.error().hint, "mend it");
}

TEST_F(MakeNowTest, AFailureIsKeptForASecondAndThenTriedAgain) {
  int tries = 0;
  const auto entry = EntryMadeBy("x", [&](auto...) -> Result<Value> {
    if (++tries < 2) return Error{Code::kNotFound, "not there", "", ""};
    return MakeTestValue("healed");
  });
  EXPECT_FALSE(Make(entry));
  EXPECT_FALSE(Make(entry));
  EXPECT_EQ(tries, 1);
  clock_.Advance(seconds(1));
  EXPECT_EQ(log_.Count("secret_recovered"), 0U);
  EXPECT_EQ(TextOf(*Make(entry)), "healed");
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(log_.Count("info event=secret_recovered name=x"), 1U);
}

TEST_F(MakeNowTest, TheSameFailureIsLoggedOnce) {
  const auto entry = EntryMadeBy("x", [](auto...) -> Result<Value> {
    return Error{Code::kNotFound, "not there", "/f", "look"};
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(Make(entry));
    clock_.Advance(seconds(2));
  }
  EXPECT_EQ(log_.Count("event=secret_failed name=x reason=\"/f: not there\" hint=look"), 1U);
}

TEST_F(MakeNowTest, AFreshEntryIsMadeEachTime) {
  int made = 0;
  EntrySpec spec;
  spec.name = "status";
  spec.fresh = true;
  spec.make = [&](auto...) -> Result<Value> { return MakeTestValue(std::to_string(++made)); };
  const auto entry = std::make_shared<Entry>(std::move(spec));
  EXPECT_EQ(TextOf(*Make(entry)), "1");
  EXPECT_EQ(TextOf(*Make(entry)), "2");
  EXPECT_EQ(entry->value(), nullptr) << "not kept";
}

TEST_F(MakeNowTest, AValueOverTheLimitFails) {
  const auto entry = EntryMadeBy("x", [](auto...) -> Result<Value> {
    return MakeTestValue(std::string(kMaxValueBytes + 1, 'x'));
  });
  const auto made = Make(entry);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kTooLarge);
}

TEST_F(MakeNowTest, AnExceptionIsAFailureThatQuotesNothing) {
  const auto entry =
      EntryMadeBy("x", [](auto...) -> Result<Value> { throw std::runtime_error("hunter2"); });
  const auto made = Make(entry);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().Text().find("hunter2"), std::string::npos);
  EXPECT_EQ(log_.Count("hunter2"), 0U);
}

TEST_F(MakeNowTest, WhatAViewLeavesOutIsLogged) {
  const auto entry = EntryMadeBy("view", [](auto...) -> Result<Value> {
    Value value = MakeTestValue("x");
    value.notes = {{"github.com: has a blank", false}, {"codeberg.org: no fetcher", true}};
    return value;
  });
  ASSERT_TRUE(Make(entry));
  EXPECT_EQ(log_.Count("info event=left_out name=view reason=\"codeberg.org: no fetcher\""), 1U);
  EXPECT_EQ(log_.Count("warning event=left_out name=view reason=\"github.com: has a blank\""), 1U);
}

/// A store that answers nobody until it is told to, or stopped.
class HangingStore {
 public:
  MakeValue Fetch() {
    return [this](std::span<const ValuePtr>, SteadyTime, const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      most_ = std::max(most_, ++asked_);
      changed_.notify_all();
      const bool answers = changed_.wait(lock, stop, [this] { return answers_; });
      --asked_;
      return answers ? Result<Value>(MakeTestValue("v"))
                     : Result<Value>(Error{Code::kUnavailable, "stopped", "", ""});
    };
  }
  void AwaitAsked(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_ == count; });
  }
  void Answer() {
    const std::lock_guard lock(mutex_);
    answers_ = true;
    changed_.notify_all();
  }
  size_t most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  size_t asked_ = 0;
  size_t most_ = 0;
  bool answers_ = false;
};

TEST_F(WorkerLoaderTest, AThousandRemoteOnesThatHangDoNotHoldUpALocalOne) {
  constexpr size_t kMany = 1000;
  HangingStore store;
  std::promise<void> all;
  std::atomic<size_t> answered = 0;
  WorkerLoader loader(clock_, log_, 1);
  std::vector<EntryPtr> documents;
  for (size_t i = 0; i < kMany; ++i) {
    documents.push_back(testkit::RemoteDocument("x" + std::to_string(i), "x", store.Fetch()));
    loader.Want(documents.back(), Later(), Loader::Patience::kNone, [&](const auto& value) {
      EXPECT_TRUE(value.has_value());
      if (++answered == kMany) all.set_value();
    });
  }
  store.AwaitAsked(4);
  EXPECT_TRUE(WantAndWait(loader, TextEntry("local"), Later()));
  HangingStore other;
  const auto elsewhere = testkit::RemoteDocument("y", "y", other.Fetch());
  other.Answer();
  EXPECT_TRUE(WantAndWait(loader, elsewhere, Later())) << "another store has its own lane";
  EXPECT_EQ(answered, 0U);
  store.Answer();
  all.get_future().wait();
  EXPECT_EQ(store.most(), 4U);
}

TEST_F(WorkerLoaderTest, WhatIsThereIsServedWhileAllOfTheStoreHangs) {
  HangingStore store;
  std::vector<EntryPtr> documents;
  for (int i = 0; i < 4; ++i) {
    documents.push_back(testkit::RemoteDocument("x" + std::to_string(i), "x", store.Fetch()));
    documents.back()->Publish(MakeTestValue("there"), clock_.Steady(), clock_.Wall());
  }
  WorkerLoader loader(clock_, log_, 1);
  for (const auto& document : documents) loader.MakeAnew(document);
  store.AwaitAsked(4);
  const auto first = WantAndWait(loader, testkit::SecretOf(documents[0], "secret"), Later());
  ASSERT_TRUE(first);
  EXPECT_EQ(TextOf(*first), "there");
}

TEST_F(WorkerLoaderTest, StopEndsWhatWaitsInLanes) {
  HangingStore store;
  WorkerLoader loader(clock_, log_, 1);
  std::vector<EntryPtr> documents;
  std::atomic<size_t> refused = 0;
  for (int i = 0; i < 10; ++i) {
    documents.push_back(testkit::RemoteDocument("x" + std::to_string(i), "x", store.Fetch()));
    loader.Want(documents.back(), Later(), Loader::Patience::kUntilDeadline,
                [&](const auto& value) { refused += value ? 0 : 1; });
  }
  store.AwaitAsked(4);
  EXPECT_TRUE(loader.Stop());
  EXPECT_EQ(refused, 10U);
  EXPECT_EQ(store.most(), 4U);
}

}  // namespace
}  // namespace secretfs
