#include "fs/proc_caller.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

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

TEST(ProcCaller, KnowsThisProcessesGroups) {
  std::vector<gid_t> groups(64);
  const int count = getgroups(64, groups.data());
  ASSERT_GE(count, 0);
  groups.resize(static_cast<size_t>(count));
  const ProcCaller self(getuid(), 54321, getpid());
  EXPECT_TRUE(self.InGroup(54321)) << "the effective group";
  for (const gid_t group : groups) EXPECT_TRUE(self.InGroup(group));
  EXPECT_FALSE(self.InGroup(987654));
}

TEST(ProcCaller, WithoutAVisiblePidHasNoSupplementaryGroups) {
  const ProcCaller hidden(1, 2, 0);
  EXPECT_TRUE(hidden.InGroup(2));
  EXPECT_FALSE(hidden.InGroup(0));
  EXPECT_EQ(ExecutableOf(0), "");
}

TEST(ExecutableOf, NamesThisProgram) {
  EXPECT_TRUE(ExecutableOf(getpid()).ends_with("/test_fs")) << ExecutableOf(getpid());
  EXPECT_EQ(ExecutableOf(2'000'000'000), "");
}

}  // namespace
}  // namespace secretfs::fs
