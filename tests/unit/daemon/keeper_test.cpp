#include "daemon/keeper.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/config_files.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

namespace stdfs = std::filesystem;
using Kind = KeeperRequest::Kind;

class KeeperTest : public testing::Test {
 protected:
  void Declare(const std::string& yaml) { (void)folder_.Write("config.yaml", yaml); }
  std::string DeclareLink() {
    Declare("secrets: {a: {file: /x, links: " + link_ + "}}");
    return link_;
  }
  /// What is wrong with what comes of a request.
  std::vector<std::string> Ask(const KeeperRequest& request) {
    std::vector<std::string> texts;
    for (const Error& problem : keeper_.Handle(request).problems) texts.push_back(problem.Text());
    return texts;
  }
  std::string Target() const {
    std::error_code failed;
    return stdfs::read_symlink(link_, failed).string();
  }
  using Texts = std::vector<std::string>;

  const testkit::TempDir folder_;
  const std::string link_ = folder_ / "outside/link";
  const SystemClock clock_;
  FileAccounts accounts_{clock_, folder_ / "passwd", folder_ / "group"};
  int reads_ = 0;
  Keeper keeper_{[this] {
                   ++reads_;
                   return ReadConfig(folder_ / "config.yaml", {});
                 },
                 {"/run/secrets", folder_ / "state/links", folder_ / "state/copies"},
                 accounts_};
};

TEST_F(KeeperTest, MakesAndRemovesLinksThatAreDeclared) {
  DeclareLink();
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}}}), Texts{});
  EXPECT_EQ(Target(), "/run/secrets/a");
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}}}), Texts{});
  EXPECT_EQ(reads_, 1);
  EXPECT_EQ(Ask({Kind::kWanted}), Texts{});
  EXPECT_EQ(Target(), "");
}

TEST_F(KeeperTest, RefusesWhatIsNotDeclared) {
  DeclareLink();
  const std::string other = folder_ / "other";
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", other}}}),
            (Texts{other + ": is not declared as a link of 'a'"}));
  EXPECT_EQ(Ask({Kind::kWanted, {{"b", link_}}}),
            (Texts{link_ + ": is not declared as a link of 'b'"}));
  EXPECT_EQ(Ask({Kind::kCopy, {}, {{"a", link_}}, AsBytes("x")}),
            (Texts{link_ + ": is not declared as a copy of 'a'"}));
  EXPECT_FALSE(stdfs::exists(other));
  EXPECT_FALSE(stdfs::exists(folder_ / "outside"));
}

TEST_F(KeeperTest, ReadsTheConfigurationAgainForWhatItDoesNotKnow) {
  DeclareLink();
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}}}), Texts{});
  const std::string second = folder_ / "second";
  Declare("secrets: {a: {file: /x, links: [" + link_ + ", " + second + "]}}");
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}, {"a", second}}}), Texts{});
  EXPECT_EQ(reads_, 2);
  EXPECT_EQ(stdfs::read_symlink(second).string(), "/run/secrets/a");
}

TEST_F(KeeperTest, KeepsWhatWasThereWhileTheConfigurationIsNotValid) {
  DeclareLink();
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}}}), Texts{});
  Declare("secrets: [");
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}}}), Texts{});
  Keeper next{[this] { return ReadConfig(folder_ / "config.yaml", {}); },
              {"/run/secrets", folder_ / "state/links", folder_ / "state/copies"},
              accounts_};
  const KeeperAnswer answer = next.Handle({Kind::kWanted, {{"a", link_}}});
  EXPECT_EQ(answer.problems.size(), 1U);
  EXPECT_EQ(Target(), "/run/secrets/a");
}

TEST_F(KeeperTest, WritesCopiesAsTheConfigurationSays) {
  const std::string memory = folder_ / "memory";
  stdfs::create_directory(memory);
  if (::geteuid() != 0 || ::mount("ramfs", memory.c_str(), "ramfs", 0, nullptr) != 0) {
    GTEST_SKIP() << "needs root, to mount a ramfs";
  }
  (void)folder_.Write("passwd", "");
  (void)folder_.Write("group", "");
  const std::string copy = memory + "/a";
  Declare("secrets: {a: {file: /x, copies: " + copy +
          ", owner: newcomer, group: \"5\", mode: \"0440\"}}");
  const KeeperRequest request{Kind::kCopy, {}, {{"a", copy}}, AsBytes("value")};
  const auto is = [&](uid_t owner, mode_t mode) {
    struct stat st {};
    EXPECT_EQ(::stat(copy.c_str(), &st), 0);
    EXPECT_EQ(st.st_uid, owner);
    EXPECT_EQ(st.st_gid, 5U);
    EXPECT_EQ(st.st_mode & 07777U, mode);
  };
  EXPECT_EQ(Ask(request), Texts{});
  EXPECT_EQ(testkit::TempDir::Read(copy), "value");
  is(0, 0400);  // nobody but root while the owner does not exist
  (void)folder_.Write("passwd", "newcomer:x:77:5::/:/bin/sh\n");
  EXPECT_EQ(Ask(request), Texts{});
  is(77, 0440);
  EXPECT_EQ(Ask({Kind::kWanted}), Texts{});
  EXPECT_FALSE(stdfs::exists(copy));
  ::umount2(memory.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace secretfs
