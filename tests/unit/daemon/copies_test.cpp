#include "daemon/copies.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <sstream>

#include "base/file.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

namespace stdfs = std::filesystem;
using testkit::TempDir;

/// With a ramfs at `memory`.
class CopiesTest : public testing::Test {
 protected:
  void SetUp() override {
    stdfs::create_directory(memory_);
    if (::geteuid() != 0 || ::mount("ramfs", memory_.c_str(), "ramfs", 0, nullptr) != 0) {
      GTEST_SKIP() << "needs root, to mount a ramfs";
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) ::umount2(memory_.c_str(), MNT_DETACH);
  }
  /// "" or what is wrong.
  std::string Write(const std::string& path, std::string_view content, mode_t mode = 0440) {
    const Status written = copies_.Write({{"a", path}, {7, 8, mode}, AsBytes(content)});
    return written ? "" : written.error().Text();
  }
  std::vector<std::string> Keep(const std::set<std::string>& wanted) {
    std::vector<Error> problems;
    std::map<Kept, CopyTerms> all;
    for (const std::string& path : wanted) all[{"a", path}] = kTerms;
    auto missing = copies_.Keep(all, problems);
    EXPECT_TRUE(problems.empty()) << problems.front().Text();
    return missing;
  }

  /// "OWNER:GROUP MODE", in octal, of a file.
  static std::string TermsOf(const std::string& path) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) return "none";
    std::ostringstream text;
    text << st.st_uid << ":" << st.st_gid << " " << std::oct << (st.st_mode & 07777U);
    return text.str();
  }
  static constexpr CopyTerms kTerms{7, 8, 0440};

  const TempDir folder_;
  const std::string memory_ = folder_ / "memory";
  const std::string copy_ = memory_ + "/app/key";
  bool mounted_ = false;
  Copies copies_{folder_ / "record"};
};

TEST_F(CopiesTest, HaveOwnerGroupAndMode) {
  EXPECT_EQ(Write(copy_, "value"), "");
  EXPECT_EQ(TempDir::Read(copy_), "value");
  struct stat st {};
  ASSERT_EQ(::stat(copy_.c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 7U);
  EXPECT_EQ(st.st_gid, 8U);
  EXPECT_EQ(st.st_mode & 07777U, 0440U);
}

TEST_F(CopiesTest, LieInFoldersThatOthersCannotList) {
  EXPECT_EQ(Write(memory_ + "/deep/app/key", "value"), "");
  EXPECT_EQ(TermsOf(memory_ + "/deep"), "0:0 711");
  EXPECT_EQ(TermsOf(memory_ + "/deep/app"), "0:0 711");
}

TEST_F(CopiesTest, AreReplacedWhenTheyDifferOnly) {
  EXPECT_EQ(Write(copy_, "value"), "");
  struct stat first {};
  struct stat second {};
  ASSERT_EQ(::stat(copy_.c_str(), &first), 0);
  const int open = ::open(copy_.c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(Write(copy_, "value"), "");
  ASSERT_EQ(::stat(copy_.c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  EXPECT_EQ(Write(copy_, "newer"), "");
  std::string old(5, ' ');
  EXPECT_EQ(::read(open, old.data(), old.size()), 5);
  ::close(open);
  EXPECT_EQ(old, "value");  // whole, for who has it open
  EXPECT_EQ(TempDir::Read(copy_), "newer");
  EXPECT_EQ(Write(copy_, "newer", 0400), "");
  ASSERT_EQ(::stat(copy_.c_str(), &second), 0);
  EXPECT_EQ(second.st_mode & 07777U, 0400U);
  EXPECT_EQ(Write(copy_, std::string(10'000, 'x')), "");
  EXPECT_EQ(Write(copy_, std::string(9'999, 'x') + "y"), "");
  EXPECT_EQ(TempDir::Read(copy_).back(), 'y');
  EXPECT_EQ(Write(copy_, ""), "");
  EXPECT_EQ(TempDir::Read(copy_), "");
  const auto names = stdfs::directory_iterator(memory_ + "/app");
  EXPECT_EQ(std::distance(begin(names), end(names)), 1);
}

TEST_F(CopiesTest, StayInMemory) {
  const std::string disk = folder_ / "disk/deep/key";
  EXPECT_EQ(Write(disk, "value"), disk + ": is not on a ramfs");
  EXPECT_FALSE(stdfs::exists(folder_ / "disk"));
  ASSERT_EQ(::mount("tmpfs", memory_.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_EQ(Write(copy_, "value"), copy_ + ": is on a tmpfs, which can be swapped out to a disk");
  ASSERT_EQ(::umount2(memory_.c_str(), MNT_DETACH), 0);
  if (::mount("tmpfs", memory_.c_str(), "tmpfs", 0, "noswap") != 0) return;  // before Linux 6.4
  EXPECT_EQ(Write(copy_, "value"), "");
  ASSERT_EQ(::umount2(memory_.c_str(), MNT_DETACH), 0);
}

TEST_F(CopiesTest, LeaveAloneWhatIsNotTheirs) {
  stdfs::create_directory(memory_ + "/app");
  (void)folder_.Write("memory/app/key", "somebody's");
  EXPECT_EQ(Write(copy_, "value"), copy_ + ": is there already, and is not a copy of secretfs");
  EXPECT_EQ(TempDir::Read(copy_), "somebody's");
  EXPECT_EQ(Keep({}), std::vector<std::string>{});
  EXPECT_EQ(TempDir::Read(copy_), "somebody's");
  stdfs::remove(copy_);
  EXPECT_EQ(Write(copy_, "value"), "");
}

TEST_F(CopiesTest, GoWhenTheyAreNotWantedAnyMore) {
  EXPECT_EQ(Write(copy_, "value"), "");
  EXPECT_EQ(Write(memory_ + "/other", "value"), "");
  Copies next(folder_ / "record");  // of the next process
  std::vector<Error> problems;
  EXPECT_EQ(next.Keep({{{"a", memory_ + "/other"}, kTerms}, {{"a", memory_ + "/third"}, kTerms}},
                      problems),
            (std::vector<std::string>{memory_ + "/third"}));
  EXPECT_TRUE(problems.empty());
  EXPECT_FALSE(stdfs::exists(copy_));
  EXPECT_TRUE(stdfs::exists(memory_ + "/other"));
  EXPECT_TRUE(next.Write({{"a", memory_ + "/other"}, {0, 0, 0400}, AsBytes("new")}));
  EXPECT_EQ(TempDir::Read(memory_ + "/other"), "new");
}

TEST_F(CopiesTest, TellWhichAreMissing) {
  EXPECT_EQ(Write(copy_, "value"), "");
  EXPECT_EQ(Keep({copy_}), std::vector<std::string>{});
  stdfs::remove(copy_);
  EXPECT_EQ(Keep({copy_}), std::vector<std::string>{copy_});
  EXPECT_EQ(Write(copy_, "value"), "");
  EXPECT_EQ(TempDir::Read(copy_), "value");
}

TEST_F(CopiesTest, AreNotLedElsewhereBySymlinksOfOthers) {
  stdfs::create_directory(memory_ + "/real");
  stdfs::create_directory_symlink(memory_ + "/real", memory_ + "/his");
  ASSERT_EQ(::lchown((memory_ + "/his").c_str(), 65534, 65534), 0);
  EXPECT_EQ(Write(memory_ + "/his/key", "value"),
            memory_ + "/his/key: goes through 'his', a symlink of another user");
  EXPECT_TRUE(stdfs::is_empty(memory_ + "/real"));
}

TEST_F(CopiesTest, OfAnotherSecretGo) {
  EXPECT_EQ(Write(copy_, "value"), "");
  std::vector<Error> problems;
  EXPECT_EQ(copies_.Keep({{{"b", copy_}, kTerms}}, problems), std::vector<std::string>{copy_});
  EXPECT_FALSE(stdfs::exists(copy_));
  EXPECT_TRUE(problems.empty());
}

TEST_F(CopiesTest, GetTheirTermsWithoutTheirContent) {
  EXPECT_EQ(Write(copy_, "value", 0444), "");
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat(copy_.c_str(), &before), 0);
  std::vector<Error> problems;
  Copies next(folder_ / "record");  // of the next process
  EXPECT_TRUE(next.Keep({{{"a", copy_}, {17, 18, 0400}}}, problems).empty());
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(TermsOf(copy_), "17:18 400");
  EXPECT_EQ(TempDir::Read(copy_), "value");
  ASSERT_EQ(::stat(copy_.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(CopiesTest, AreTheFilesThatWereMadeAndNoOthers) {
  EXPECT_EQ(Write(copy_, "value"), "");
  (void)folder_.Write("memory/app/other", "somebody's");
  stdfs::rename(memory_ + "/app/other", copy_);
  const std::string terms = TermsOf(copy_);
  EXPECT_EQ(Keep({copy_}), std::vector<std::string>{copy_});
  EXPECT_EQ(TermsOf(copy_), terms);
  EXPECT_EQ(Write(copy_, "newer"), copy_ + ": is there already, and is not a copy of secretfs");
  EXPECT_EQ(Keep({}), std::vector<std::string>{});
  EXPECT_EQ(TempDir::Read(copy_), "somebody's");
}

TEST_F(CopiesTest, AreNotOnADiskThatCameInTheirPlace) {
  EXPECT_EQ(Write(copy_, "value"), "");
  ASSERT_EQ(::umount2(memory_.c_str(), MNT_DETACH), 0);
  mounted_ = false;
  stdfs::create_directory(memory_ + "/app");
  const std::string file = folder_.Write("memory/app/key", "somebody's");
  struct stat st {};
  ASSERT_EQ(::stat(file.c_str(), &st), 0);
  // Even if it has the mark of ours.
  ASSERT_TRUE(WriteCopiesRecord(folder_ / "record", {{file, {"a", {{st.st_dev, st.st_ino}}}}}));
  std::vector<Error> problems;
  Copies next(folder_ / "record");
  EXPECT_EQ(next.Keep({}, problems), std::vector<std::string>{});
  EXPECT_EQ(TempDir::Read(file), "somebody's");
}

TEST_F(CopiesTest, LeaveNothingOfOneThatWasKilled) {
  const std::string left = memory_ + "/app/.key.secretfs-new";
  EXPECT_EQ(Write(copy_, "value"), "");
  (void)folder_.Write("memory/app/.key.secretfs-new", "old");
  EXPECT_EQ(Keep({copy_}), std::vector<std::string>{});
  EXPECT_FALSE(stdfs::exists(left));
  (void)folder_.Write("memory/app/.key.secretfs-new", "old");
  EXPECT_EQ(Write(copy_, "value"), "");  // which is there
  EXPECT_FALSE(stdfs::exists(left));
  (void)folder_.Write("memory/app/.key.secretfs-new", "old");
  EXPECT_EQ(Keep({}), std::vector<std::string>{});
  EXPECT_FALSE(stdfs::exists(left));
}

TEST(CopiesRecord, HasNamesAndMarks) {
  const TempDir folder;
  const OwnCopies copies{{"/a", {"one", {{1, 2}, {3, 18'446'744'073'709'551'615U}}}},
                         {"/b", {"two", {}}}};
  ASSERT_TRUE(WriteCopiesRecord(folder / "record", copies));
  EXPECT_EQ(*ReadCopiesRecord(folder / "record"), copies);
  EXPECT_EQ(*ReadCopiesRecord(folder / "none"), OwnCopies{});
}

}  // namespace
}  // namespace secretfs
