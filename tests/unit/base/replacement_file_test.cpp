#include "base/replacement_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/file.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testkit::TempDir;

mode_t ModeOf(const std::string& path) {
  struct stat st {};
  EXPECT_EQ(::lstat(path.c_str(), &st), 0) << path;
  return st.st_mode & 07777U;
}

TEST(ReplacementFile, TakesWhatIsWrittenInPieces) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  auto file = ReplacementFile::Open(path, 0600);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->Write(AsBytes("one ")));
  ASSERT_TRUE(file->Write(AsBytes("two")));
  EXPECT_EQ(TempDir::Read(path), "old") << "not before it is whole";
  ASSERT_TRUE(file->Commit());
  EXPECT_EQ(TempDir::Read(path), "one two");
  EXPECT_EQ(dir.Names(), std::set<std::string>{"file"});
}

TEST(ReplacementFile, DroppedLeavesTheOldFileAndNothingElse) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  {
    auto file = ReplacementFile::Open(path, 0600);
    ASSERT_TRUE(file->Write(AsBytes("half")));
    const ReplacementFile moved = std::move(*file);
    EXPECT_EQ(dir.Names(), std::set<std::string>{"file"}) << "nor would a killed process";
  }
  EXPECT_EQ(TempDir::Read(path), "old");
  EXPECT_EQ(dir.Names(), std::set<std::string>{"file"});
}

TEST(ReplacementFile, NobodyElseMayReadItBeforeItIsWhole) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  auto file = ReplacementFile::Open(path, 0600);
  struct stat st {};
  ASSERT_EQ(::fstat(file->fd(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777U, 0600U);
  ASSERT_TRUE(file->Commit());
  EXPECT_EQ(ModeOf(path), 0644U);
}

TEST(ReplacementFile, CanBeReadBackBeforeItTakesItsName) {
  const TempDir dir;
  auto file = ReplacementFile::Open(dir / "new", 0640);
  ASSERT_TRUE(file->Write(AsBytes("content")));
  ASSERT_EQ(::lseek(file->fd(), 0, SEEK_SET), 0);
  EXPECT_EQ(AsText(*ReadAll(file->fd(), 100, "new")), "content");
  ASSERT_TRUE(file->Commit());
  EXPECT_EQ(ModeOf(dir / "new"), 0640U);
}

TEST(ReplacementFile, PreparedLacksOnlyTheName) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  auto file = ReplacementFile::Open(path, 0600);
  ASSERT_TRUE(file->Write(AsBytes("new")));
  ASSERT_TRUE(file->Prepare());
  struct stat st {};
  ASSERT_EQ(::fstat(file->fd(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777U, 0644U);
  EXPECT_EQ(TempDir::Read(path), "old");
  ASSERT_TRUE(file->Commit());
  EXPECT_EQ(TempDir::Read(path), "new");
}

/// Read for user 65534; for the group nothing, though its mode bits then show the mask, r.
constexpr std::array<unsigned char, 44> kAclForNobody{
    2,    0, 0, 0,                          // version
    0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,  // owner: rw
    0x02, 0, 4, 0, 0xfe, 0xff, 0,    0,     // user 65534: r
    0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,  // group: none
    0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,  // mask: r
    0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,  // others: none
};

bool SetAcl(const std::string& path, const char* kind) {
  return ::setxattr(path.c_str(), kind, kAclForNobody.data(), kAclForNobody.size(), 0) == 0;
}

ssize_t SizeOfAcl(const std::string& path) {
  return ::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0);
}

TEST(ReplacementFile, KeepsAnAclOrTheGroupCouldRead) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  if (!SetAcl(path, "system.posix_acl_access")) GTEST_SKIP() << "the file system has no ACLs";
  ASSERT_EQ(ModeOf(path), 0640U);
  ASSERT_TRUE(ReplaceFile(path, AsBytes("new"), 0600));
  EXPECT_EQ(TempDir::Read(path), "new");
  EXPECT_EQ(ModeOf(path), 0640U);
  std::array<unsigned char, 44> acl{};
  ASSERT_EQ(::getxattr(path.c_str(), "system.posix_acl_access", acl.data(), acl.size()), 44);
  EXPECT_EQ(acl, kAclForNobody);
}

TEST(ReplacementFile, GetsNoAclOfItsFolderThatTheOldFileLacks) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  if (!SetAcl(dir.path(), "system.posix_acl_default"))
    GTEST_SKIP() << "the file system has no ACLs";
  ASSERT_TRUE(ReplaceFile(path, AsBytes("new"), 0600));
  EXPECT_EQ(ModeOf(path), 0640U);
  EXPECT_EQ(SizeOfAcl(path), -1) << "so nobody else may read it";
}

TEST(ReplacementFile, AFailedCommitLeavesNothing) {
  const TempDir dir;
  {
    auto file = ReplacementFile::Open(dir / "name", 0600);
    ASSERT_TRUE(file);
    std::filesystem::create_directory(dir / "name");
    EXPECT_FALSE(file->Commit());
  }
  EXPECT_EQ(dir.Names(), std::set<std::string>{"name"});
}

}  // namespace
}  // namespace secretfs
