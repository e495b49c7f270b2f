#include "daemon/links.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

namespace stdfs = std::filesystem;

class LinksTest : public testing::Test {
 protected:
  using Links = std::map<std::string, std::string>;
  /// What SyncLinks complains of, each as "where: what".
  std::vector<std::string> Sync(const Links& wanted) const {
    std::vector<std::string> said;
    for (const Error& error : SyncLinks(wanted, record_)) said.push_back(error.Text());
    return said;
  }
  [[nodiscard]] static std::string Target(const std::string& path) {
    std::error_code failed;
    const auto target = stdfs::read_symlink(path, failed);
    return failed ? "none" : target.string();
  }
  static constexpr std::vector<std::string> kNothing{};
  testkit::TempDir folder_;
  std::string record_ = folder_ / "record";
  std::string link_ = folder_ / "link";
};

TEST_F(LinksTest, AreMadeWithTheirFoldersAndRemovedWhenNoLongerWanted) {
  const std::string deep = folder_ / "a/b/link";
  EXPECT_EQ(Sync({{link_, "/run/secrets/x"}, {deep, "/run/secrets/y"}}), kNothing);
  EXPECT_EQ(Target(link_), "/run/secrets/x");
  EXPECT_EQ(Target(deep), "/run/secrets/y");
  struct stat st {};
  ASSERT_EQ(::stat((folder_ / "a/b").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777U, 0755U);
  EXPECT_EQ(Sync({{deep, "/run/secrets/y"}}), kNothing);
  EXPECT_EQ(Target(link_), "none");
  EXPECT_EQ(Target(deep), "/run/secrets/y");
  EXPECT_EQ(Sync({}), kNothing);
  EXPECT_EQ(Target(deep), "none");
}

TEST_F(LinksTest, AreTurnedElsewhereWithoutBeingMissing) {
  EXPECT_EQ(Sync({{link_, "/run/secrets/x"}}), kNothing);
  const int held = ::open(link_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  EXPECT_EQ(Sync({{link_, "/run/secrets/y"}}), kNothing);
  EXPECT_EQ(Target(link_), "/run/secrets/y");
  EXPECT_EQ(folder_.Names(), (std::set<std::string>{"link", "record"})) << "nothing is left over";
  struct stat st {};
  ASSERT_EQ(::fstat(held, &st), 0);
  EXPECT_EQ(st.st_nlink, 0U) << "the old link was replaced, not altered";
  ::close(held);
}

TEST_F(LinksTest, ReplaceNothingThatIsNotOurs) {
  const std::string file = folder_.Write("file", "precious");
  stdfs::create_symlink("/etc/passwd", link_);
  stdfs::create_directory(folder_ / "dir");
  const std::string other = folder_ / "other";
  const std::string end = ": is there already, and is not a link of secretfs";
  EXPECT_EQ(Sync({{file, "/run/secrets/x"},
                  {link_, "/run/secrets/x"},
                  {folder_ / "dir", "/run/secrets/x"},
                  {other, "/run/secrets/x"}}),
            (std::vector<std::string>{(folder_ / "dir") + end, file + end, link_ + end}));
  EXPECT_EQ(testkit::TempDir::Read(file), "precious");
  EXPECT_EQ(Target(link_), "/etc/passwd");
  EXPECT_EQ(Target(other), "/run/secrets/x") << "the rest is done";
  EXPECT_EQ(Sync({}), kNothing);
  EXPECT_EQ(Target(link_), "/etc/passwd");
  EXPECT_EQ(testkit::TempDir::Read(file), "precious");
}

TEST_F(LinksTest, ThatOthersTurnedElsewhereAreNotOursAnyMore) {
  EXPECT_EQ(Sync({{link_, "/run/secrets/x"}}), kNothing);
  stdfs::remove(link_);
  stdfs::create_symlink("/elsewhere", link_);
  EXPECT_EQ(Sync({}), kNothing);
  EXPECT_EQ(Target(link_), "/elsewhere");
}

TEST_F(LinksTest, ComeBackAndAreKnownWithoutARecord) {
  EXPECT_EQ(Sync({{link_, "/run/secrets/x"}}), kNothing);
  stdfs::remove(link_);
  EXPECT_EQ(Sync({{link_, "/run/secrets/x"}}), kNothing) << "removed by somebody";
  EXPECT_EQ(Target(link_), "/run/secrets/x");
  stdfs::remove(record_);
  EXPECT_EQ(Sync({{link_, "/run/secrets/x"}}), kNothing);
  EXPECT_EQ(Sync({}), kNothing);
  EXPECT_EQ(Target(link_), "none");
}

TEST_F(LinksTest, AreRecordedBeforeTheyAreMade) {
  const std::string nowhere = folder_ / "missing/record";
  EXPECT_EQ(SyncLinks({{link_, "/run/secrets/x"}}, nowhere).size(), 1U);
  EXPECT_EQ(Target(link_), "none");
}

TEST_F(LinksTest, OfAnOlderRecordAreOursUntilThereIsOne) {
  const std::string old = folder_ / "old";
  EXPECT_EQ(Sync({{old, "/run/secrets/x"}, {link_, "/run/secrets/x"}}), kNothing);
  const std::string next = folder_ / "next";
  EXPECT_TRUE(SyncLinks({{link_, "/run/secrets/y"}}, next, record_).empty());
  EXPECT_EQ(Target(old), "none");
  EXPECT_EQ(Target(link_), "/run/secrets/y");
  stdfs::create_symlink("/run/secrets/x", old);  // by somebody
  EXPECT_TRUE(SyncLinks({}, next, record_).empty());
  EXPECT_EQ(Target(old), "/run/secrets/x");
  stdfs::remove(next);
  EXPECT_TRUE(SyncLinks({}, next, folder_.Write("blank", "\n")).empty());
  EXPECT_EQ(Target(old), "/run/secrets/x");
}

TEST_F(LinksTest, SurviveNamesThatAreNotLikely) {
  const std::string odd = folder_ / "two\nlines \\x";
  const std::string longest = folder_ / std::string(255, 'n');
  EXPECT_EQ(Sync({{odd, "/run/secrets/x\ny"}, {longest, "/run/secrets/x"}}), kNothing);
  EXPECT_EQ(Sync({{odd, "/run/secrets/z"}, {longest, "/run/secrets/z"}}), kNothing);
  EXPECT_EQ(Target(odd) + Target(longest), "/run/secrets/z/run/secrets/z");
  EXPECT_EQ(Sync({}), kNothing);
  EXPECT_EQ(folder_.Names(), (std::set<std::string>{"record"}));
}

TEST_F(LinksTest, FollowOnlySymlinksOfRootOrOurselves) {
  stdfs::create_directory(folder_ / "real");
  stdfs::create_symlink("real", folder_ / "mine");
  EXPECT_EQ(Sync({{folder_ / "mine/link", "/run/secrets/x"}}), kNothing);
  EXPECT_EQ(Target(folder_ / "real/link"), "/run/secrets/x");
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make a symlink of another user";
  stdfs::create_directory(folder_ / "target");
  stdfs::create_symlink(folder_ / "target", folder_ / "his");
  ASSERT_EQ(::lchown((folder_ / "his").c_str(), 65534, 65534), 0);
  const std::string through = folder_ / "his/link";
  EXPECT_EQ(
      Sync({{through, "/run/secrets/x"}}),
      (std::vector<std::string>{through + ": goes through 'his', a symlink of another user"}));
  EXPECT_TRUE(stdfs::is_empty(folder_ / "target"));
}

TEST_F(LinksTest, SymlinksInACircleEnd) {
  stdfs::create_symlink("b", folder_ / "a");
  stdfs::create_symlink("a", folder_ / "b");
  EXPECT_EQ(Sync({{folder_ / "a/link", "/run/secrets/x"}}).size(), 1U);
}

}  // namespace
}  // namespace secretfs
