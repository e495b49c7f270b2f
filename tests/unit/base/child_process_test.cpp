#include "base/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/child_groups.h"
#include "tests/testkit/sanitizer.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testkit::TempDir;

constexpr auto kLong = std::chrono::minutes(2);  // for what must not take long

SteadyTime In(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
SteadyTime Soon() { return In(kLong); }

ChildOptions Shell(const std::string& script) {
  ChildOptions options;
  options.program = "/bin/sh";
  options.arguments = {"-c", script};
  options.environment = {"PATH=/usr/bin:/bin"};
  return options;
}

std::unique_ptr<ChildProcess> Started(const ChildOptions& options) {
  auto child = ChildProcess::Start(options);
  EXPECT_TRUE(child) << child.error().Text();
  return child ? *std::move(child) : nullptr;
}

std::string Output(const ChildOptions& options) {
  const auto child = Started(options);
  child->CloseInput();
  const auto output = child->ReadAll(1 << 20, Soon());
  EXPECT_TRUE(output) << output.error().Text();
  EXPECT_TRUE(child->Wait(Soon()));
  return std::string(AsText(*output));
}

/// Whether a process is there, and no zombie.
bool IsRunning(pid_t id) {
  const std::string stat = TempDir::Read("/proc/" + std::to_string(id) + "/stat");
  const size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.at(name_end + 2) != 'Z';
}
void ExpectGone(pid_t id) {
  const SteadyTime deadline = Soon();
  while (IsRunning(id) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_FALSE(IsRunning(id));
}
pid_t ReadId(ChildProcess& child) {
  std::string line;
  std::array<std::byte, 32> part{};
  while (!line.ends_with('\n')) {
    const auto n = child.Read(part, Soon());
    if (!n || *n == 0) return -1;
    line += AsText(ByteView(part).first(*n));
  }
  return static_cast<pid_t>(std::stoi(line));
}

// --- What the program gets ----------------------------------------------------------------------

TEST(ChildProcess, PassesInputAndOutput) {
  const auto child = Started(Shell("cat"));
  ASSERT_TRUE(child->Write(AsBytes("some text"), Soon()));
  child->CloseInput();
  const auto output = child->ReadAll(100, Soon());
  ASSERT_TRUE(output);
  EXPECT_EQ(AsText(*output), "some text");
  const auto end = child->Wait(Soon());
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->Well());
}

TEST(ChildProcess, TellsHowTheProgramEnded) {
  const auto code = Started(Shell("exit 3"))->Wait(Soon());
  ASSERT_TRUE(code);
  EXPECT_EQ(code->Text(), "exit code 3");
  const auto signal = Started(Shell("kill -9 $$"))->Wait(Soon());
  ASSERT_TRUE(signal);
  EXPECT_FALSE(signal->Well());
  EXPECT_EQ(signal->Text(), "signal 9");
}

TEST(ChildProcess, GivesOnlyTheEnvironmentThatIsPassed) {
  ASSERT_EQ(::setenv("SECRETFS_TEST_LEAK", "x", 1), 0);
  ChildOptions options;
  options.program = "/usr/bin/env";
  options.environment = {"ONE=1", "TWO=2 and"};
  EXPECT_EQ(Output(options), "ONE=1\nTWO=2 and\n");
  options.environment = {};
  EXPECT_EQ(Output(options), "");
}

TEST(ChildProcess, PassesArgumentsAsTheyAre) {
  ChildOptions options;
  options.program = "/usr/bin/printf";
  options.arguments = {"%s|", "a b", "", "$HOME", "*"};
  EXPECT_EQ(Output(options), "a b||$HOME|*|");
}

TEST(ChildProcess, RunsInTheFolderGiven) {
  const TempDir dir;
  ChildOptions options = Shell("pwd");
  options.folder = dir.path();
  EXPECT_EQ(Output(options), std::filesystem::canonical(dir.path()).string() + "\n");
  EXPECT_EQ(Output(Shell("pwd")), "/\n");
}

TEST(ChildProcess, PassesNoDescriptorsButThoseToKeep) {
  // One that has no close-on-exec, as a library might open it.
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));
  const UniqueFd kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ChildOptions options = Shell("ls -l /proc/$$/fd");
  EXPECT_THAT(Output(options), Not(HasSubstr("/dev/null")));
  options.keep = {kept.get()};
  EXPECT_THAT(Output(options), HasSubstr(" " + std::to_string(kept.get()) + " -> /dev/null"));
}

TEST(ChildProcess, ResetsSignalsMaskUmaskAndCoreDumps) {
  sigset_t mask;
  sigset_t before;
  sigemptyset(&mask);
  sigaddset(&mask, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &mask, &before);
  const auto ignored = ::signal(SIGHUP, SIG_IGN);
  rlimit core{};
  ASSERT_EQ(::getrlimit(RLIMIT_CORE, &core), 0);
  const rlimit most{core.rlim_max, core.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_CORE, &most), 0);
  const std::string seen =
      Output(Shell("grep -E '^Sig(Blk|Ign):' /proc/self/status; umask; awk '/^Max core/ "
                   "{ print $5, $6 }' /proc/self/limits"));
  ::setrlimit(RLIMIT_CORE, &core);
  ::signal(SIGHUP, ignored);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(seen, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0077\n1 1\n");
}

TEST(ChildProcess, HasNoMoreDescriptorsThanProgramsAreUsedTo) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 2000) GTEST_SKIP() << "the hard limit is too low";
  const std::string hard =
      before.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(before.rlim_max);
  for (const auto& [ours, theirs] : {std::pair{2000, "1024"}, std::pair{500, "500"}}) {
    const rlimit limit{static_cast<rlim_t>(ours), before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    const std::string seen = Output(Shell("ulimit -Sn; ulimit -Hn"));
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(seen, std::string(theirs) + "\n" + hard + "\n");
  }
}

TEST(ChildProcess, RunsInASessionOfItsOwn) {
  const std::string seen = Output(Shell("echo $$; cut -d' ' -f5,6 /proc/$$/stat"));
  const std::string id = seen.substr(0, seen.find('\n'));
  EXPECT_EQ(seen, id + "\n" + id + " " + id + "\n");
}

TEST(ChildProcess, WorksWhenOurOwnStreamsAreClosed) {
  const pid_t copy = fork();
  if (copy == 0) {
    ::close(0);
    ::close(1);
    ::close(2);
    const auto child = ChildProcess::Start(Shell("cat"));
    if (!child || !(*child)->Write(AsBytes("x"), Soon())) _exit(1);
    (*child)->CloseInput();
    const auto output = (*child)->ReadAll(10, Soon());
    _exit(output && AsText(*output) == "x" ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(copy, &status, 0), copy);
  EXPECT_EQ(status, 0);
}

// --- What cannot be run -------------------------------------------------------------------------

TEST(ChildProcess, SaysWhyAProgramCannotRun) {
  const TempDir dir;
  ChildOptions options;
  options.program = dir / "absent";
  auto child = ChildProcess::Start(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::kNotFound);
  EXPECT_EQ(child.error().where, dir / "absent");
  options.program = dir.Write("plain", "no program");
  child = ChildProcess::Start(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::kPermission);
  EXPECT_EQ(child.error().what, "cannot run: permission denied");
}

TEST(ChildProcess, DoesNotLookInThePath) {
  ChildOptions options;
  options.program = "true";
  const auto child = ChildProcess::Start(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::kInvalid);
}

TEST(FindProgram, TakesTheFirstFolderThatHasIt) {
  constexpr std::string_view kFolders[] = {"/nowhere", "/usr/bin", "/bin"};
  EXPECT_EQ(*FindProgram(kFolders, "env"), "/usr/bin/env");
  const auto none = FindProgram(kFolders, "no-such-program");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::kNotFound);
  EXPECT_EQ(none.error().what, "no-such-program is not in /nowhere, /usr/bin, /bin");
}

// --- Deadlines, floods, and the end -------------------------------------------------------------

TEST(ChildProcess, ASilentProgramRunsIntoTheDeadline) {
  const auto child = Started(Shell("exec sleep 1000"));
  std::array<std::byte, 8> into{};
  const auto read = child->Read(into, In(std::chrono::milliseconds(30)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kTimeout);
  const auto waited = child->Wait(In(std::chrono::milliseconds(30)));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Code::kTimeout);
}

TEST(ChildProcess, AProgramThatReadsNothingRunsIntoTheDeadline) {
  const auto child = Started(Shell("exec sleep 1000"));
  const Bytes much(size_t{1} << 20U);
  const Status written = child->Write(much, In(std::chrono::milliseconds(30)));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kTimeout);
}

TEST(ChildProcess, TheDeadlineHoldsAgainstAFloodOfErrors) {
  size_t lines = 0;
  ChildOptions options = Shell("yes >&2; true");
  options.said = [&](std::string_view) { ++lines; };
  const auto child = Started(options);
  std::array<std::byte, 8> into{};
  const auto read = child->Read(into, In(std::chrono::milliseconds(50)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kTimeout);
  EXPECT_LE(lines, kMostErrorLines);
}

TEST(ChildProcess, WritingToAProgramThatIsGoneIsAnErrorAndNoSignal) {
  const auto old = ::signal(SIGPIPE, SIG_DFL);
  const auto child = Started(Shell("exec <&-; echo 1; exec sleep 1000"));
  EXPECT_EQ(ReadId(*child), 1);
  const Status written = child->Write(AsBytes("x"), Soon());
  ::signal(SIGPIPE, old);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kUnavailable);
  EXPECT_EQ(written.error().what, "stopped reading its input");
}

TEST(ChildProcess, ReadsUpToTheLimit) {
  const auto child = Started(Shell("printf 12345"));
  const auto output = child->ReadAll(4, Soon());
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, Code::kTooLarge);
  EXPECT_EQ(AsText(*Started(Shell("printf 12345"))->ReadAll(5, Soon())), "12345");
}

TEST(ChildProcess, WaitDropsWhatNobodyRead) {
  const auto end = Started(Shell("head -c 300000 /dev/zero; exit 4"))->Wait(Soon());
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 4);
}

TEST(ChildProcess, TellsTheLinesOfStandardError) {
  std::vector<std::string> lines;
  ChildOptions options = Shell("echo one >&2; echo; echo >&2; printf two >&2");
  options.said = [&](std::string_view line) { lines.emplace_back(line); };
  EXPECT_TRUE(Started(options)->Wait(Soon()));
  EXPECT_THAT(lines, ElementsAre("one", "two"));
}

TEST(ChildProcess, BoundsTheLinesOfStandardError) {
  std::vector<std::string> lines;
  ChildOptions options = Shell("head -c 10000 /dev/zero >&2; echo >&2; seq 1000 >&2");
  options.said = [&](std::string_view line) { lines.emplace_back(line); };
  EXPECT_TRUE(Started(options)->Wait(Soon()));
  ASSERT_THAT(lines, SizeIs(kMostErrorLines));
  EXPECT_THAT(lines.front(), SizeIs(kMostErrorColumns));
  EXPECT_EQ(lines.at(1), "1");
}

// --- Secrets -------------------------------------------------------------------------------------

SecretPtr Secret(std::string_view text) {
  return std::make_shared<SecretBytes>(SecretBytes::CopyOf(AsBytes(text)).value());
}

TEST(ChildProcess, PassesSecretsInTheEnvironment) {
  ChildOptions options;
  options.program = "/usr/bin/env";
  options.environment = {"ONE=1"};
  options.secrets = {{"TOKEN", Secret("quiet words")}, {"EMPTY", Secret("")}};
  EXPECT_EQ(Output(options), "ONE=1\nTOKEN=quiet words\nEMPTY=\n");
}

TEST(ChildProcess, PassesASecretLargerThanAPage) {
  const std::string large(20000, 'x');
  ChildOptions options = Shell("printf %s \"$LARGE\" | wc -c");
  options.secrets = {{"LARGE", Secret(large)}};
  EXPECT_EQ(Output(options), "20000\n");
}

TEST(ChildProcess, RefusesSecretsThatNoEnvironmentCanHold) {
  ChildOptions options = Shell("true");
  options.secrets = {{"TOKEN", Secret(std::string_view("a\0b", 3))}};
  auto child = ChildProcess::Start(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::kInvalid);
  EXPECT_EQ(child.error().where, "TOKEN");
  options.secrets = {{"A=B", Secret("x")}};
  child = ChildProcess::Start(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::kInvalid);
}

/// How often `text`, whose letters are one lower here, is in this process's memory.
size_t CountInMemory(std::string_view one_lower) {
  std::string wanted(one_lower);
  for (char& c : wanted) ++c;
  std::ifstream maps("/proc/self/maps");
  std::vector<std::pair<uintptr_t, uintptr_t>> ranges;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t from = 0;
    uintptr_t to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx r", &from, &to) == 2 && line.find(" rw") != line.npos) {
      ranges.emplace_back(from, to);
    }
  }
  const UniqueFd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  size_t count = 0;
  std::string part(1 << 16, '\0');
  for (const auto& [from, to] : ranges) {
    for (uintptr_t at = from; at < to; at += part.size()) {
      const ssize_t n = ::pread(memory.get(), part.data(), std::min(part.size(), to - at),
                                static_cast<off_t>(at));
      if (n <= 0) break;
      const std::string_view seen(part.data(), static_cast<size_t>(n));
      for (size_t i = 0; (i = seen.find(wanted, i)) != seen.npos; ++i) {
        // Not what is in `wanted`, `part` and the pages that hold these.
        const uintptr_t place = at + i;
        const auto begin = reinterpret_cast<uintptr_t>(part.data());
        if (place >= begin && place < begin + part.size()) continue;
        if (place == reinterpret_cast<uintptr_t>(wanted.data())) continue;
        ++count;
      }
    }
  }
  Wipe({reinterpret_cast<std::byte*>(part.data()), part.size()});
  return count;
}

TEST(ChildProcess, LeavesNoCopyOfASecretBehind) {
  if (testkit::kSanitized) GTEST_SKIP() << "a sanitizer keeps memory that was freed";
  constexpr std::string_view kOneLower = "sdbqdse`lnqs`khrsghrvnqc";
  const auto secret = std::make_shared<SecretBytes>(
      SecretBytes::Make(kOneLower.size(), [&](ByteSpan into) -> Result<size_t> {
        std::ranges::transform(AsBytes(kOneLower), into.begin(), [](std::byte b) {
          return static_cast<std::byte>(std::to_integer<int>(b) + 1);
        });
        return kOneLower.size();
      }).value());
  ChildOptions options = Shell("printf %s \"$TOKEN\" | md5sum; exec sleep 1000");
  options.secrets = {{"TOKEN", secret}};
  ASSERT_EQ(CountInMemory(kOneLower), 1U);  // the secret itself
  const auto child = Started(options);
  EXPECT_EQ(CountInMemory(kOneLower), 1U);
  std::array<std::byte, 64> into{};
  EXPECT_TRUE(child->Read(into, Soon()));
}

TEST(ChildProcess, ReadsSecretOutputOfAnySizeUpToTheLimit) {
  for (const size_t size : {0UL, 1UL, 4095UL, 4096UL, 4097UL, 300000UL}) {
    const auto script = "head -c " + std::to_string(size) + " /dev/zero | tr '\\0' x";
    const auto output = Started(Shell(script))->ReadAllSecret(300000, Soon());
    ASSERT_TRUE(output);
    EXPECT_EQ(output->size(), size);
    EXPECT_TRUE(std::ranges::all_of(AsText(output->Expose()), [](char c) { return c == 'x'; }));
  }
  for (const size_t limit : {0UL, 4UL, 4096UL, 299999UL}) {
    const auto output = Started(Shell("head -c 300000 /dev/zero"))->ReadAllSecret(limit, Soon());
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::kTooLarge);
  }
}

TEST(ChildProcess, ReadingSecretsEndsWithTheProgramThoughItsChildHoldsTheOutput) {
  const auto child = Started(Shell("printf value; sleep 1000 & exit 0"));
  const auto output = child->ReadAllSecret(100, Soon());
  ASSERT_TRUE(output) << output.error().Text();
  EXPECT_EQ(AsText(output->Expose()), "value");
  EXPECT_TRUE(child->Wait(Soon()));
}

TEST(ChildProcess, ReadingSecretsEndsAtTheDeadlineAlsoInAFlood) {
  const auto child = Started(Shell("yes"));
  const auto output = child->ReadAllSecret(SIZE_MAX / 8, In(std::chrono::milliseconds(50)));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, Code::kTimeout);
}

// --- Stopping ------------------------------------------------------------------------------------

TEST(ChildProcess, AStopEndsWhatWaits) {
  std::array<std::byte, 8> into{};
  const Bytes much(size_t{1} << 20U);
  using Wait = std::function<std::optional<Error>(ChildProcess&)>;
  const auto error_of = [](auto result) {
    return result ? std::nullopt : std::optional(result.error());
  };
  for (const Wait& wait : std::vector<Wait>{
           [&](ChildProcess& child) { return error_of(child.Read(into, Soon())); },
           [&](ChildProcess& child) { return error_of(child.ReadAllSecret(10, Soon())); },
           [&](ChildProcess& child) { return error_of(child.Write(much, Soon())); },
           [&](ChildProcess& child) { return error_of(child.Wait(Soon())); }}) {
    std::stop_source stop;
    const auto child = Started(Shell("exec sleep 1000"));
    ASSERT_TRUE(child->ObeyStop(stop.get_token()));
    const std::jthread stopper([&] { stop.request_stop(); });
    const auto error = wait(*child);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, Code::kInterrupted);
  }
}

TEST(ChildProcess, AStopCountsUntilAnotherOneIsObeyed) {
  std::stop_source first;
  const auto child = Started(Shell("cat"));
  ASSERT_TRUE(child->ObeyStop(first.get_token()));
  first.request_stop();
  std::array<std::byte, 8> into{};
  ASSERT_FALSE(child->Read(into, Soon()));
  const std::stop_source second;
  ASSERT_TRUE(child->ObeyStop(second.get_token()));
  EXPECT_FALSE(child->HasOutput());
  ASSERT_TRUE(child->Write(AsBytes("x"), Soon()));
  const auto read = child->Read(into, Soon());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, 1U);
}

/// In a process of its own, which starts no others after that.
TEST(ChildGroups, EndWhatRunsAndWhatIsStartedLater) {
  const auto ends = [] {
    const auto child = Started(Shell("trap '' TERM; sleep 1000 & echo $!; wait; wait"));
    const pid_t grandchild = ReadId(*child);
    EndChildren();
    std::array<std::byte, 8> into{};
    const auto read = child->Read(into, Soon());
    if (!read || *read != 0) ::_exit(1);
    ExpectGone(grandchild);
    const auto end = Started(Shell("exec sleep 1000"))->Wait(Soon());
    ::_exit(end && end->signal == SIGKILL && !testing::Test::HasFailure() ? 0 : 2);
  };
  EXPECT_EXIT(ends(), testing::ExitedWithCode(0), "");
}

TEST(ChildGroups, ASignalEndsThemAndThenTheProcess) {
  const TempDir folder;
  const auto ends = [&folder] {
    EndChildrenOnSignals();
    const auto child = Started(Shell("trap '' TERM; sleep 1000 & echo $!; wait; wait"));
    const pid_t grandchild = ReadId(*child);
    (void)folder.Write("id", std::to_string(grandchild));
    ::raise(SIGTERM);
  };
  EXPECT_EXIT(ends(), testing::KilledBySignal(SIGTERM), "");
  const std::string id = TempDir::Read(folder / "id");
  ASSERT_FALSE(id.empty());
  ExpectGone(std::stoi(id));
}

TEST(ChildProcess, KillsTheWholeGroupWhenItGoes) {
  // Neither the shell nor its child ends at SIGTERM.
  auto child = Started(Shell("trap '' TERM; sleep 1000 & echo $!; wait; wait"));
  const pid_t grandchild = ReadId(*child);
  ASSERT_GT(grandchild, 0);
  const pid_t id = child->id();
  EXPECT_TRUE(IsRunning(id));
  child.reset();
  EXPECT_FALSE(IsRunning(id));
  EXPECT_EQ(::kill(id, 0), -1) << "it was not reaped";
  ExpectGone(grandchild);
}

TEST(ChildProcess, GivesTimeToEndWell) {
  const TempDir dir;
  // A busy machine may not let the program run in its time; without any it never ends well.
  for (int i = 0; i < 20 && !std::filesystem::exists(dir / "ended"); ++i) {
    auto child = Started(Shell("trap 'sleep 0.02; echo > " + dir / "ended" +
                               "; exit' TERM; sleep 1000 & echo 1; wait"));
    EXPECT_EQ(ReadId(*child), 1);
    child.reset();
  }
  EXPECT_TRUE(std::filesystem::exists(dir / "ended"));
}

TEST(ChildProcess, WaitKillsWhatTheProgramLeft) {
  const auto child = Started(Shell("sleep 1000 & echo $!"));
  const pid_t grandchild = ReadId(*child);
  ASSERT_GT(grandchild, 0);
  const auto end = child->Wait(Soon());  // although its output is still open
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->Well());
  ExpectGone(grandchild);
}

TEST(ChildProcess, DiesWithUs) {
  int pair[2];
  ASSERT_EQ(::pipe(pair), 0);
  const UniqueFd reading(pair[0]);
  UniqueFd writing(pair[1]);
  const pid_t copy = fork();
  if (copy == 0) {
    auto child = ChildProcess::Start(Shell("exec sleep 1000"));
    const pid_t id = child ? (*child)->id() : -1;
    (void)!::write(writing.get(), &id, sizeof(id));
    _exit(0);  // no destructor runs
  }
  writing.reset();
  pid_t id = -1;
  ASSERT_EQ(::read(reading.get(), &id, sizeof(id)), static_cast<ssize_t>(sizeof(id)));
  ASSERT_GT(id, 0);
  ASSERT_EQ(::waitpid(copy, nullptr, 0), copy);
  ExpectGone(id);
}

TEST(ChildProcess, ManyThreadsMayStartPrograms) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 10; ++j) EXPECT_EQ(Output(Shell("echo yes")), "yes\n");
    });
  }
}

}  // namespace
}  // namespace secretfs
