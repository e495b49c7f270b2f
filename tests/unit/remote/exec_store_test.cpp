#include "remote/exec_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "tests/testkit/fake_call.h"
#include "tests/testkit/secret_text.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::remote {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testkit::FakeCall;
using testkit::TempDir;
using testkit::TextOf;

/// A helper that is a shell script; ANSWER REF VALUE in it answers.
class ExecStore : public testing::Test {
 protected:
  void Helper(ExecProtocol protocol, const std::string& script) {
    const std::string file = dir_.Write(
        "helper", "#!/bin/sh\nPATH=/usr/bin:/bin\ncd " + dir_.path() +
                      "\nanswer() { echo '{\"ref\":\"'\"$1\"'\",\"value\":\"'\"$2\"'\"}'; }\n" +
                      script + "\n");
    ASSERT_EQ(::chmod(file.c_str(), 0700), 0);
    ExecOptions options;
    options.command = {file, "one", "two words"};
    options.protocol = protocol;
    options.environment = {{"KNOWN", "yes"}};
    options.said = [this](std::string_view line) { said_.emplace_back(line); };
    auto store = MakeExecStore(options);
    ASSERT_TRUE(store);
    store_ = *store;
  }
  void Once(const std::string& script) { Helper(ExecProtocol::kOnce, script); }
  void Lines(const std::string& script) { Helper(ExecProtocol::kLines, script); }
  void Raw(const std::string& script) { Helper(ExecProtocol::kRaw, script); }

  Result<Given> Fetch(std::vector<std::string> refs) { return Fetch(std::move(refs), call_); }
  Result<Given> Fetch(std::vector<std::string> refs, FakeCall& call) {
    const std::string document = store_->DocumentOf(refs.front());
    return store_->Fetch({document, std::move(refs), ""}, call);
  }
  std::vector<std::string> Texts(std::vector<std::string> refs) {
    const auto given = Fetch(std::move(refs));
    if (!given) return {"failed: " + given.error().Text()};
    std::vector<std::string> texts;
    for (const FetchedSecret& secret : given->secrets) texts.push_back(TextOf(secret.value));
    return texts;
  }
  [[nodiscard]] std::string File(std::string_view name) const { return TempDir::Read(dir_ / name); }
  [[nodiscard]] auto Starts() const {
    const std::string starts = File("starts");
    return std::ranges::count(starts, '\n');
  }

  TempDir dir_;
  RemoteStorePtr store_;
  FakeCall call_;
  std::vector<std::string> said_;
};

using testing::ElementsAre;

TEST_F(ExecStore, AsksOnceForAll) {
  Once("cat > request; answer b 2; answer a 1");
  EXPECT_THAT(Texts({"a", "b"}), ElementsAre("1", "2"));
  EXPECT_EQ(File("request"), "{\"refs\":[\"a\",\"b\"]}\n");
  EXPECT_EQ(call_.spent, 1U);
  EXPECT_EQ(store_->DocumentOf("a"), store_->DocumentOf("b"));
}

TEST_F(ExecStore, GivesOnlyTheEnvironmentThatIsConfigured) {
  ASSERT_EQ(::setenv("SECRETFS_TEST_LEAK", "x", 1), 0);
  Once(
      "tr '\\0' '\\n' < /proc/$$/environ | sort > environment; echo \"$@\" > arguments; answer a "
      "1");
  EXPECT_THAT(Texts({"a"}), ElementsAre("1"));
  EXPECT_EQ(File("environment"), "HOME=/\nKNOWN=yes\nLC_ALL=C.UTF-8\n");
  EXPECT_EQ(File("arguments"), "one two words\n");
}

TEST_F(ExecStore, OneFailureIsNoOtherOnes) {
  Once(R"(answer a 1; echo '{"ref":"b","error":"no such thing","class":"not_found"}')");
  const auto given = Fetch({"a", "b", "c"});
  ASSERT_TRUE(given);
  EXPECT_EQ(TextOf(given->secrets[0].value), "1");
  ASSERT_FALSE(given->secrets[1].value);
  EXPECT_EQ(given->secrets[1].value.error().code, Code::kNotFound);
  ASSERT_FALSE(given->secrets[2].value);
  EXPECT_EQ(given->secrets[2].value.error().code, Code::kUnavailable);
}

TEST_F(ExecStore, TellsHowAHelperEndedWithoutAnswers) {
  Once("echo first >&2; printf 'the \\033reason' >&2; exit 3");
  const auto given = Fetch({"a"});
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kUnavailable);
  EXPECT_EQ(given.error().what, "ended before it answered (exit code 3): the \\x1breason");
  EXPECT_EQ(given.error().where, dir_ / "helper");
  EXPECT_THAT(said_, ElementsAre("first", "the \\x1breason"));
}

TEST_F(ExecStore, TakesAnswersWithoutReadingTheRequest) {
  Once("exec <&-; answer a 1");
  EXPECT_THAT(Texts({"a"}), ElementsAre("1"));
}

TEST_F(ExecStore, KeepsWhatCameBeforeTheDeadline) {
  Once("answer a 1; trap '' TERM; sleep 1000 & echo $! > child; wait; wait");
  FakeCall call(std::chrono::seconds(2));
  const auto given = Fetch({"a", "b"}, call);
  ASSERT_TRUE(given);
  EXPECT_EQ(TextOf(given->secrets[0].value), "1");
  ASSERT_FALSE(given->secrets[1].value);
  EXPECT_EQ(given->secrets[1].value.error().code, Code::kTimeout);
  const pid_t child = std::stoi(File("child"));
  const auto gone = [child] {
    const std::string stat = TempDir::Read("/proc/" + std::to_string(child) + "/stat");
    return stat.empty() || stat.find(") Z") != std::string::npos;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!gone() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(gone());
}

TEST_F(ExecStore, AHelperThatSaysNothingIsLate) {
  Once("exec sleep 1000");
  FakeCall call(std::chrono::milliseconds(100));
  const auto given = Fetch({"a"}, call);
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kTimeout);
}

TEST_F(ExecStore, TakesLargeValuesAndNoFloods) {
  Once("answer a $(head -c 300000 /dev/zero | tr '\\0' x)");
  EXPECT_EQ(Texts({"a"}).front().size(), 300000U);
  Once("yes | tr -d '\\n'");
  const auto given = Fetch({"a"});
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kTooLarge);
}

TEST_F(ExecStore, EndsWithTheHelperThoughItsChildHoldsTheOutput) {
  Once("sleep 1000 & answer a 1; exit 0");
  const auto given = Fetch({"a", "b"});
  ASSERT_TRUE(given);
  EXPECT_EQ(TextOf(given->secrets[0].value), "1");
}

TEST_F(ExecStore, AProgramThatOthersMayChangeIsNotRun) {
  Once("answer a 1");
  ASSERT_EQ(::chmod((dir_ / "helper").c_str(), 0777), 0);
  const auto given = Fetch({"a"});
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kUnavailable);
  EXPECT_THAT(given.error().what, HasSubstr("others may write to"));
}

TEST_F(ExecStore, SpendsNothingWhenThereIsNothingLeft) {
  Once("echo >> starts; answer a 1");
  call_.left = 1;
  EXPECT_TRUE(Fetch({"a"}));
  const auto given = Fetch({"a"});
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kLimited);
  EXPECT_EQ(Starts(), 1);
}

// --- One that stays ------------------------------------------------------------------------------

TEST_F(ExecStore, AsksALastingHelperAgainAndAgain) {
  Lines("echo >> starts; n=0; while read -r line; do n=$((n+1)); answer a $n; done");
  EXPECT_THAT(Texts({"a"}), ElementsAre("1"));
  EXPECT_THAT(Texts({"a"}), ElementsAre("2"));
  EXPECT_EQ(Starts(), 1);
}

TEST_F(ExecStore, ALastingHelperMaySayThatItIsDone) {
  Lines(
      "echo >> starts; n=0; while read -r line; do n=$((n+1)); answer a $n; "
      "echo '{\"done\":true}'; done");
  for (const std::string n : {"1", "2", "3", "4"}) EXPECT_THAT(Texts({"a"}), ElementsAre(n));
  EXPECT_THAT(Texts({"a", "b"}),
              ElementsAre("5", HasSubstr("the helper did not answer this reference")));
  EXPECT_THAT(Texts({"a"}), ElementsAre("6"));
  EXPECT_EQ(Starts(), 1);
}

TEST_F(ExecStore, StartsALastingHelperAnewWhenItHasEnded) {
  Lines("echo >> starts; read -r line; answer a 1");
  EXPECT_THAT(Texts({"a"}), ElementsAre("1"));
  EXPECT_THAT(Texts({"a"}), ElementsAre("1"));
  EXPECT_EQ(Starts(), 2);
}

TEST_F(ExecStore, AHelperThatEndsAtOnceIsNotStartedForEver) {
  Lines("echo >> starts; exit 1");
  EXPECT_FALSE(Fetch({"a"}));
  EXPECT_EQ(Starts(), 1);
}

TEST_F(ExecStore, StartsALastingHelperAnewWhenItWasLate) {
  Lines(
      "echo >> starts; read -r line; [ -e slow ] && exec sleep 1000; answer a 1; cat > /dev/null");
  (void)dir_.Write("slow", "");
  FakeCall call(std::chrono::milliseconds(300));
  EXPECT_FALSE(Fetch({"a"}, call));
  ASSERT_EQ(::unlink((dir_ / "slow").c_str()), 0);
  EXPECT_THAT(Texts({"a"}), ElementsAre("1"));
}

TEST_F(ExecStore, NoAnswerIsTakenForOneToALaterRequest) {
  Lines("echo >> starts; while read -r line; do answer a old; answer a stray; done");
  EXPECT_THAT(Texts({"a"}), ElementsAre("old"));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto texts = Texts({"a"});
  EXPECT_NE(texts.front(), "stray");
}

TEST_F(ExecStore, StopEndsAHelperAndWhoAsksIt) {
  Lines("while read -r line; do echo $$ > asked; done");
  std::jthread stopper([this] {
    while (File("asked").empty()) std::this_thread::yield();
    store_->Stop();
  });
  const auto given = Fetch({"a"});
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kInterrupted);
  stopper.join();
  EXPECT_EQ(::kill(std::stoi(File("asked")), 0), -1);
  EXPECT_FALSE(Fetch({"a"}));
}

TEST_F(ExecStore, TheStopOfACallEndsIt) {
  Once("echo >> starts; exec sleep 1000");
  std::stop_source stop;
  FakeCall call(std::chrono::minutes(2), stop.get_token());
  const std::jthread stopper([&] {
    while (File("starts").empty()) std::this_thread::yield();
    stop.request_stop();
  });
  const auto given = Fetch({"a"}, call);
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kInterrupted);
}

// --- Programs that know nothing of JSON ----------------------------------------------------------

TEST_F(ExecStore, TakesTheOutputOfASimpleProgram) {
  Raw(R"(printf 'value\0of %s\n' "$3")");
  EXPECT_THAT(Texts({"an entry"}), ElementsAre(std::string("value\0of an entry\n", 18)));
  EXPECT_NE(store_->DocumentOf("a"), store_->DocumentOf("b"));
}

TEST_F(ExecStore, ASimpleProgramsFailureIsThatOfOneSecret) {
  for (const auto& [script, code] :
       std::vector<std::pair<std::string, Code>>{{"echo nothing >&2; exit 1", Code::kNotFound},
                                                 {"exit 69", Code::kUnavailable},
                                                 {"exit 75", Code::kUnavailable},
                                                 {"exit 77", Code::kPermission},
                                                 {"kill -9 $$", Code::kUnavailable}}) {
    Raw("printf part; " + script);
    const auto given = Fetch({"a"});
    ASSERT_FALSE(given) << script;
    EXPECT_EQ(given.error().code, code) << script;
  }
  Raw("echo nothing >&2; exit 1");
  EXPECT_EQ(Fetch({"a"}).error().what, "failed (exit code 1): nothing");
}

TEST_F(ExecStore, ASimpleProgramGetsNoReferenceThatItMayTakeForAnOption) {
  Raw("");
  EXPECT_FALSE(store_->CheckRef("--output=/etc/passwd"));
  EXPECT_FALSE(store_->CheckRef(""));
  EXPECT_TRUE(store_->CheckRef("mail/imap"));
  Once("");
  EXPECT_TRUE(store_->CheckRef("--anything"));
}

TEST(ExecOptions, NeedAnAbsoluteProgram) {
  EXPECT_FALSE(MakeExecStore({.command = {}}));
  EXPECT_FALSE(MakeExecStore({.command = {"helper"}}));
  EXPECT_FALSE(MakeExecStore({.command = {"/bin/true"}, .environment = {{"A=B", ""}}}));
  EXPECT_TRUE(MakeExecStore({.command = {"/bin/true"}}));
}

}  // namespace
}  // namespace secretfs::remote
