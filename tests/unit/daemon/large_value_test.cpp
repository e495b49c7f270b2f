#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include "base/secret_heap.h"
#include "daemon/part_reader.h"
#include "daemon/worker_loader.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/recording_log.h"

namespace secretfs {
namespace {

using std::chrono::seconds;
using testkit::MakeTestValue;
using testkit::TextContent;
using testkit::ValueWithContent;

const Error kAltered{Code::kPayload, "chunk 2 is altered", "/large.age", ""};

/// Reads wait until the test lets them go.
class HeldContent final : public Content {
 public:
  [[nodiscard]] uint64_t size() const noexcept override { return 100; }
  Status ReadAt(uint64_t, ByteSpan into) const override {
    started.count_down();
    hold.wait();
    std::ranges::fill(into, std::byte{'h'});
    return Ok{};
  }
  mutable std::latch started{1};
  mutable std::latch hold{1};
};

/// The system's, and as much later as the test says.
class LateClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime Steady() const override { return system_.Steady() + late.load(); }
  [[nodiscard]] WallTime Wall() const override { return system_.Wall(); }
  std::atomic<seconds> late{seconds(0)};

 private:
  SystemClock system_;
};

struct Answer {
  std::string bytes;
  std::optional<Code> code;
};

Answer ToAnswer(const Result<ByteView>& part) {
  if (!part) return {"", part.error().code};
  return {std::string(AsText(*part)), std::nullopt};
}

Answer ReadAndWait(Loader& loader, const Part& part) {
  std::promise<Answer> promise;
  loader.Read(part, [&](const Result<ByteView>& bytes) { promise.set_value(ToAnswer(bytes)); });
  return promise.get_future().get();
}

/// An entry whose content a test may damage; each making gives a new version of it.
struct LargeEntry {
  std::shared_ptr<TextContent> content = std::make_shared<TextContent>("0123456789");
  std::optional<Error> failure;  // of the next makings
  int made = 0;
  EntryPtr entry = [this] {
    EntrySpec spec;
    spec.name = "large";
    spec.make = [this](auto...) -> Result<Value> {
      ++made;
      if (failure) return *failure;
      return ValueWithContent(content);
    };
    return std::make_shared<Entry>(std::move(spec));
  }();
  LargeEntry() = default;
  LargeEntry(const LargeEntry&) = delete;
  LargeEntry& operator=(const LargeEntry&) = delete;
};

class LargeValueTest : public testing::Test {
 protected:
  Result<ValuePtr> Make(const EntryPtr& entry, Verify verify = Verify::kByPart) {
    return MakeNow(entry, fake_clock_, log_, {}, verify);
  }
  testkit::FakeClock fake_clock_;
  LateClock clock_;
  testkit::RecordingLog log_;
};

TEST_F(LargeValueTest, PartsAreReadOnAWorkerAndFoundInLockedMemory) {
  const LargeEntry large;
  const ValuePtr value = *Make(large.entry);
  EXPECT_EQ(value->size(), 10U);
  WorkerLoader loader(clock_, log_, 1);
  const auto main_thread = std::this_thread::get_id();
  std::promise<std::string> promise;
  loader.Read({large.entry, value, 2, 5}, [&](const Result<ByteView>& bytes) {
    EXPECT_NE(std::this_thread::get_id(), main_thread);
    promise.set_value(ToAnswer(bytes).bytes);
  });
  EXPECT_EQ(promise.get_future().get(), "23456");
  EXPECT_EQ(ReadAndWait(loader, {large.entry, value, 0, 10}).bytes, "0123456789");
}

TEST_F(LargeValueTest, AReaderKeepsItsLockedBufferAndForgetsWhatWasInIt) {
  const LargeEntry large;
  const ValuePtr value = *Make(large.entry);
  const size_t before = secret_heap::GetStats().blocks;
  {
    PartReader reader;
    const ByteView first = reader.Read({large.entry, value, 0, 10}).value();
    EXPECT_EQ(AsText(first), "0123456789");
    reader.Forget();
    EXPECT_EQ(AsText(first), std::string(10, '\0'));
    EXPECT_EQ(reader.Read({large.entry, value, 5, 3})->data(), first.data());
    EXPECT_EQ(secret_heap::GetStats().blocks, before + 1);
  }
  EXPECT_EQ(secret_heap::GetStats().blocks, before);
}

TEST_F(LargeValueTest, FourReadersGetEachTheirPart) {
  std::string text(4000, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  LargeEntry large;
  large.content = std::make_shared<TextContent>(text);
  const ValuePtr value = *Make(large.entry);
  WorkerLoader loader(clock_, log_, 2);
  std::vector<std::jthread> readers;
  for (size_t start = 0; start < 4; ++start) {
    readers.emplace_back([&, start] {
      for (size_t at = start; at + 100 < text.size(); at += 37) {
        EXPECT_EQ(ReadAndWait(loader, {large.entry, value, at, 100}).bytes, text.substr(at, 100));
      }
    });
  }
}

TEST_F(LargeValueTest, StopAnswersReadsThatWaitThatRunAndThatCome) {
  const LargeEntry large;
  const auto held = std::make_shared<HeldContent>();
  const auto value = std::make_shared<const Value>(ValueWithContent(held));
  WorkerLoader loader(clock_, log_, 1);
  std::atomic<int> refused = 0;
  std::atomic<int> answered = 0;
  const auto count = [&](const Result<ByteView>& bytes) {
    ++answered;
    refused += bytes ? 0 : 1;
  };
  loader.Read({large.entry, value, 0, 10}, count);
  held->started.wait();
  loader.Read({large.entry, value, 0, 10}, count);  // the one worker is busy
  EXPECT_FALSE(loader.Stop()) << "its source does not answer";
  EXPECT_EQ(refused, 2);
  loader.Read({large.entry, value, 0, 10}, count);
  EXPECT_EQ(refused, 3);
  held->hold.count_down();
  EXPECT_TRUE(loader.Stop());
  EXPECT_EQ(answered, 3) << "each once";
}

TEST_F(LargeValueTest, AReadOfADiskThatHangsIsGivenUp) {
  const LargeEntry large;
  const auto held = std::make_shared<HeldContent>();
  const auto value = std::make_shared<const Value>(ValueWithContent(held));
  WorkerLoader loader(clock_, log_, 2);
  std::promise<Answer> promise;
  std::atomic<int> answered = 0;
  loader.Read({large.entry, value, 0, 10}, [&](const Result<ByteView>& bytes) {
    if (++answered == 1) promise.set_value(ToAnswer(bytes));
  });
  held->started.wait();
  clock_.late = seconds(61);
  loader.Want(testkit::TextEntry("wakes"), SteadyTime{}, Loader::Patience::kNone,
              [](const auto&) {});
  EXPECT_EQ(promise.get_future().get().code, Code::kTimeout);
  held->hold.count_down();
  EXPECT_TRUE(loader.Stop());
  EXPECT_EQ(answered, 1);
}

TEST_F(LargeValueTest, AFailedReadIsTheEntrysNewestErrorAndLoggedOnce) {
  const LargeEntry large;
  const ValuePtr value = *Make(large.entry);
  WorkerLoader loader(fake_clock_, log_, 1);
  large.content->FailWith(kAltered);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReadAndWait(loader, {large.entry, value, 0, 10}).code, Code::kPayload);
  }
  const Entry::Report report = large.entry->GetReport();
  EXPECT_EQ(report.state, EntryState::kStale);
  EXPECT_EQ(report.value, value);
  EXPECT_EQ(report.error->Text(), "/large.age: chunk 2 is altered");
  EXPECT_EQ(log_.Count("event=secret_failed name=large reason=\"/large.age: chunk 2 is altered\""),
            1U);
}

TEST_F(LargeValueTest, WantOfMemoryAndOldVersionsSayNothingAboutTheEntry) {
  const LargeEntry large;
  const ValuePtr old = *Make(large.entry);
  WorkerLoader loader(fake_clock_, log_, 1);
  large.content->FailWith(Error{Code::kResource, "no memory", "", ""});
  EXPECT_EQ(ReadAndWait(loader, {large.entry, old, 0, 10}).code, Code::kResource);
  EXPECT_EQ(large.entry->GetReport().state, EntryState::kReady);
  large.entry->Publish(MakeTestValue("new"), fake_clock_.Steady(), fake_clock_.Wall());
  large.content->FailWith(kAltered);
  EXPECT_EQ(ReadAndWait(loader, {large.entry, old, 0, 10}).code, Code::kPayload);
  EXPECT_EQ(large.entry->GetReport().state, EntryState::kReady);
}

TEST_F(LargeValueTest, AContentThatCouldNotBeReadIsMadeAnewASecondLater) {
  LargeEntry large;
  const ValuePtr first = *Make(large.entry);
  large.entry->Fail(kAltered, fake_clock_.Steady());
  EXPECT_EQ(*Make(large.entry), first) << "not at once: its other parts may be right";
  EXPECT_EQ(large.made, 1);
  fake_clock_.Advance(seconds(1));
  const ValuePtr second = *Make(large.entry);
  EXPECT_NE(second, first);
  EXPECT_EQ(large.entry->GetReport().state, EntryState::kReady);
  EXPECT_EQ(*Make(large.entry), second);
  EXPECT_EQ(large.made, 2);
}

TEST_F(LargeValueTest, ReadersInALoopDoNotPutTheNextTryOff) {
  LargeEntry large;
  const ValuePtr value = *Make(large.entry);
  WorkerLoader loader(fake_clock_, log_, 1);
  large.content->FailWith(kAltered);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReadAndWait(loader, {large.entry, value, 0, 10}).code, Code::kPayload);
    fake_clock_.Advance(std::chrono::milliseconds(400));
  }
  EXPECT_NE(*Make(large.entry), value);
}

TEST_F(LargeValueTest, TheOldContentStaysInUseWhenNoNewOneCanBeMade) {
  LargeEntry large;
  const ValuePtr first = *Make(large.entry);
  large.entry->Fail(kAltered, fake_clock_.Steady());
  large.failure = Error{Code::kNotFound, "gone", "/large.age", ""};
  for (int i = 0; i < 3; ++i) {
    fake_clock_.Advance(seconds(1));
    EXPECT_EQ(*Make(large.entry), first);
  }
  EXPECT_EQ(large.made, 4);
  EXPECT_EQ(large.entry->GetReport().error->Text(), "/large.age: gone");
  EXPECT_EQ(log_.Count("reason=\"/large.age: gone\""), 1U);
}

TEST_F(LargeValueTest, AnEntryInMemoryIsNotMadeAnewByAnError) {
  int made = 0;
  EntrySpec spec;
  spec.name = "small";
  spec.make = [&](auto...) -> Result<Value> {
    ++made;
    return MakeTestValue("small");
  };
  const auto small = std::make_shared<Entry>(std::move(spec));
  const ValuePtr first = *Make(small);
  small->Fail(kAltered, fake_clock_.Steady());
  fake_clock_.Advance(seconds(10));
  EXPECT_EQ(*Make(small), first);
  EXPECT_EQ(made, 1);
}

TEST_F(LargeValueTest, IsTooLargeForAView) {
  const LargeEntry large;
  EntrySpec spec;
  spec.name = "view";
  spec.inputs = {large.entry};
  spec.make = [](auto...) -> Result<Value> { return MakeTestValue("never"); };
  const auto view = std::make_shared<Entry>(std::move(spec));
  const auto made = Make(view);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kTooLarge);
  EXPECT_EQ(made.error().Text(),
            "needs 'large', which is larger than 16 MiB, the most that a view takes");
}

TEST_F(LargeValueTest, IsVerifiedWholeWhereThatIsAsked) {
  LargeEntry large;
  large.content = std::make_shared<TextContent>(std::string(1'000'000, 'x'));
  EXPECT_TRUE(Make(large.entry, Verify::kWhole));
  LargeEntry damaged;
  damaged.content->FailWith(kAltered);
  EXPECT_TRUE(Make(damaged.entry)) << "its parts are verified when they are read";
  LargeEntry checked;
  checked.content->FailWith(kAltered);
  EXPECT_EQ(Make(checked.entry, Verify::kWhole).error().code, Code::kPayload);
  EXPECT_EQ(checked.entry->GetReport().state, EntryState::kFailed);
}

TEST_F(LargeValueTest, VerifyingReadsEveryByteInLittleMemoryAndMayBeStopped) {
  class Counting final : public Content {
   public:
    [[nodiscard]] uint64_t size() const noexcept override { return 1'000'001; }
    Status ReadAt(uint64_t offset, ByteSpan into) const override {
      EXPECT_EQ(offset, next);
      EXPECT_LE(into.size(), size_t{256} << 10U);
      next += into.size();
      return Ok{};
    }
    mutable uint64_t next = 0;
  };
  const Counting content;
  EXPECT_TRUE(VerifyContent(content, {}));
  EXPECT_EQ(content.next, content.size());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(VerifyContent(Counting(), stop.get_token()).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace secretfs
