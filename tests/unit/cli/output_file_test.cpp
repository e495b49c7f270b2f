#include "cli/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

TEST(OutputFile, AppearsWholeOnCommitForItsOwnerOnly) {
  const testkit::TempDir folder;
  const std::string path = folder.path() + "/out";
  auto output = OutputFile::Open(path);
  ASSERT_TRUE(output);
  ASSERT_TRUE(output->Write(AsBytes("one ")));
  ASSERT_TRUE(output->Write(AsBytes("two")));
  EXPECT_FALSE(ReadFile(path, 100)) << "not before it is whole";
  ASSERT_TRUE(output->Commit());
  EXPECT_EQ(AsText(ReadFile(path, 100).value()), "one two");
  struct stat st {};
  ASSERT_EQ(stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0600U);
}

TEST(OutputFile, IsNotAnotherUsersFileOrLink) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make files of another user";
  constexpr uid_t kOther = 65534;
  const testkit::TempDir folder;
  const std::string theirs = folder.path() + "/theirs";
  ASSERT_TRUE(ReplaceFile(theirs, AsBytes("old"), 0644));
  ASSERT_EQ(chown(theirs.c_str(), kOther, kOther), 0);
  const auto refused = [](const std::string& path) {
    const auto output = OutputFile::Open(path);
    return !output && output.error().code == Code::kPermission;
  };
  EXPECT_TRUE(refused(theirs));
  const std::string link = folder.path() + "/link";
  std::filesystem::create_symlink("theirs", link);
  EXPECT_TRUE(refused(link)) << "our link, their file";
  ASSERT_EQ(chown(theirs.c_str(), 0, 0), 0);
  EXPECT_FALSE(refused(link));
  ASSERT_EQ(lchown(link.c_str(), kOther, kOther), 0);
  EXPECT_TRUE(refused(link)) << "their link, our file";
}

TEST(OutputFile, LeavesNothingAndTheOldFileWhenItIsDropped) {
  const testkit::TempDir folder;
  const std::string path = folder.path() + "/out";
  ASSERT_TRUE(ReplaceFile(path, AsBytes("old"), 0600));
  {
    auto output = OutputFile::Open(path);
    ASSERT_TRUE(output->Write(AsBytes("half")));
  }
  EXPECT_EQ(AsText(ReadFile(path, 100).value()), "old");
  EXPECT_EQ(folder.Names(), std::set<std::string>{"out"});
}

TEST(OutputFile, FollowsALinkAndKeepsTheModeOfTheOldFile) {
  const testkit::TempDir folder;
  const std::string path = folder.path() + "/out";
  ASSERT_TRUE(ReplaceFile(path, AsBytes("old"), 0640));
  std::filesystem::create_symlink("out", folder / "link");
  auto output = OutputFile::Open(folder / "link");
  ASSERT_TRUE(output->Write(AsBytes("new")));
  ASSERT_TRUE(output->Commit());
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(testkit::TempDir::Read(path), "new");
  struct stat st {};
  ASSERT_EQ(stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0640U);
}

TEST(OutputFile, WritesIntoDevicesAsTheyAre) {
  auto output = OutputFile::Open("/dev/null");
  ASSERT_TRUE(output);
  EXPECT_TRUE(output->Write(AsBytes("x")));
  EXPECT_TRUE(output->Commit());
  struct stat st {};
  ASSERT_EQ(stat("/dev/null", &st), 0);
  EXPECT_TRUE(S_ISCHR(st.st_mode));
}

TEST(OutputFile, IsNotTheFileThatIsRead) {
  const testkit::TempDir folder;
  const std::string path = folder / "in";
  ASSERT_TRUE(ReplaceFile(path, AsBytes("only copy"), 0600));
  std::filesystem::create_symlink("in", folder / "link");
  std::filesystem::create_hard_link(path, folder / "other");
  const auto input = OpenRegular(path);
  ASSERT_TRUE(input);
  for (const std::string name : {"in", "link", "other"}) {
    const auto same = CheckNotInput(folder / name, input->get());
    ASSERT_FALSE(same) << name;
    EXPECT_EQ(same.error().code, Code::kInvalid);
  }
  for (const std::string& name : {std::string(), std::string("-"), folder / "new"})
    EXPECT_TRUE(CheckNotInput(name, input->get())) << name;
  UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(CheckNotInput("/dev/null", null.get())) << "no file that could be lost";
}

TEST(OutputFile, SaysWhatCannotBeWritten) {
  const auto output = OutputFile::Open("/no/such/folder/out");
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().where, "/no/such/folder/out");
  EXPECT_EQ(output.error().what, "no such folder");
}

}  // namespace
}  // namespace secretfs
