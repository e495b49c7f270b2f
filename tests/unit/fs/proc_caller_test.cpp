#include "fs/proc_caller.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <numeric>
#include <thread>
#include <vector>

#include "base/file.h"
#include "tests/testkit/fake_clock.h"

namespace secretfs::fs {
namespace {

TEST(ParseGroups, ReadsTheGroupsLine) {
  EXPECT_EQ(ParseGroups("Name:\tx\nGroups:\t4 24 1000 \nNStgid:\t1\n"),
            (std::vector<gid_t>{4, 24, 1000}));
  EXPECT_EQ(ParseGroups("Name:\tx\nGroups:\t \nNStgid:\t1\n"), std::vector<gid_t>{});
  EXPECT_EQ(ParseGroups("Name:\tx\nGroups:\t4294967294"), std::vector<gid_t>{4294967294});
}

TEST(ParseGroups, GivesNoneForWhatIsNotWellFormed) {
  EXPECT_TRUE(ParseGroups("").empty());
  EXPECT_TRUE(ParseGroups("Name:\tx\n").empty());
  EXPECT_TRUE(ParseGroups("Name:\tx\nGroups:\t4 x 5\n").empty());
  EXPECT_TRUE(ParseGroups("Name:\tx\nGroups:\t4 99999999999\n").empty());
}

TEST(ParseGroups, IsNotFooledByAProcessNamedLikeALine) {
  // The kernel escapes newlines in Name:, so a forged line never begins one.
  EXPECT_EQ(ParseGroups("Name:\tGroups:\\n0\nGroups:\t7 \n"), std::vector<gid_t>{7});
}

class ProcCallerTest : public testing::Test {
 protected:
  testkit::FakeClock clock_;
  ProcGroups groups_{clock_};
};

TEST_F(ProcCallerTest, KnowsThisProcessesGroups) {
  std::vector<gid_t> groups(64);
  const int count = getgroups(64, groups.data());
  ASSERT_GE(count, 0);
  groups.resize(static_cast<size_t>(count));
  const ProcCaller self(getuid(), 54321, getpid(), groups_);
  EXPECT_TRUE(self.InGroup(54321)) << "the effective group";
  for (const gid_t group : groups) EXPECT_TRUE(self.InGroup(group));
  EXPECT_FALSE(self.InGroup(987654));
}

TEST_F(ProcCallerTest, WithoutAVisiblePidHasNoSupplementaryGroups) {
  const ProcCaller hidden(1, 2, 0, groups_);
  EXPECT_TRUE(hidden.InGroup(2));
  EXPECT_FALSE(hidden.InGroup(0));
  EXPECT_EQ(hidden.Executable(), "");
  EXPECT_EQ(hidden.InUnits(), Units{});
  EXPECT_EQ(hidden.Process(), 0);
  EXPECT_FALSE(hidden.Runs("/**"));
}

TEST_F(ProcCallerTest, NamesThisProgram) {
  EXPECT_TRUE(ProcCaller(0, 0, getpid(), groups_).Executable().ends_with("/test_fs"));
  EXPECT_EQ(ProcCaller(0, 0, 2'000'000'000, groups_).Executable(), "");
}

TEST(ParseProcess, ReadsTheTgidLine) {
  EXPECT_EQ(ParseProcess("Name:\tx\nTgid:\t42\nNgid:\t0\n"), 42);
  for (const char* status : {"", "Name:\tx\n", "Tgid:\t42\n", "Name:\tx\nTgid:\tx\n",
                             "Name:\tx\nTgid:", "Name:\tx\nTgid:\t-4\n"}) {
    EXPECT_EQ(ParseProcess(status), 0) << status;
  }
}

TEST_F(ProcCallerTest, KnowsTheProcessOfAThread) {
  EXPECT_EQ(ProcCaller(0, 0, getpid(), groups_).Process(), getpid());
  std::thread([&] {
    ASSERT_NE(gettid(), getpid());
    EXPECT_EQ(ProcCaller(0, 0, gettid(), groups_).Process(), getpid());
  }).join();
  EXPECT_EQ(ProcCaller(0, 0, 2'000'000'000, groups_).Process(), 0);
}

TEST_F(ProcCallerTest, KnowsTheUnitsThatTheCgroupTells) {
  const auto text = ReadFile("/proc/self/cgroup", 65536);
  ASSERT_TRUE(text);
  EXPECT_EQ(ProcCaller(0, 0, getpid(), groups_).InUnits(), UnitsOf(AsText(*text)));
  EXPECT_EQ(ProcCaller(0, 0, 2'000'000'000, groups_).InUnits(), Units{});
}

TEST_F(ProcCallerTest, AProcessOfTooManyGroupsHasNoneForTenSeconds) {
  if (getuid() != 0) GTEST_SKIP() << "only root can take groups";
  std::array<int, 2> go{};
  ASSERT_EQ(pipe(go.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    std::vector<gid_t> many(60'000);
    std::iota(many.begin(), many.end(), 10'000U);
    char byte = setgroups(many.size(), many.data()) == 0 ? 'y' : 'n';
    if (write(go[1], &byte, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(go[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  constexpr uid_t kUser = 4242;
  EXPECT_TRUE(groups_.Of(child, kUser).empty());
  EXPECT_TRUE(groups_.Of(getpid(), kUser).empty()) << "the user waits";
  std::vector<gid_t> mine(64);
  const int count = getgroups(64, mine.data());
  clock_.Advance(std::chrono::seconds(10));
  EXPECT_EQ(groups_.Of(getpid(), kUser).size(), static_cast<size_t>(count));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace secretfs::fs
