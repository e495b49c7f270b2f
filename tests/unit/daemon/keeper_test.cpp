#include "daemon/keeper.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <sstream>

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
  const SystemClock clock_{};
  FileAccounts accounts_{clock_, folder_ / "passwd", folder_ / "group"};
  int reads_ = 0;
  const Keeper::Source source_{[this] {
                                 ++reads_;
                                 return ReadConfig(folder_ / "config.yaml", {});
                               },
                               [this] { return ConfigPaths(folder_ / "config.yaml"); }};
  Keeper keeper_{
      source_, {"/run/secrets", folder_ / "state/links", folder_ / "state/copies"}, accounts_};
};

TEST_F(KeeperTest, MakesAndRemovesLinksThatAreDeclared) {
  DeclareLink();
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}}}), Texts{});
  EXPECT_EQ(Target(), "/run/secrets/a");
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}}}), Texts{});
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

TEST_F(KeeperTest, ReadsTheConfigurationAgainForWhatIsWanted) {
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
  EXPECT_EQ(Ask({Kind::kWanted, {{"a", link_}}}).size(), 1U);
  EXPECT_EQ(Target(), "/run/secrets/a");
  Keeper next{
      source_, {"/run/secrets", folder_ / "state/links", folder_ / "state/copies"}, accounts_};
  const KeeperAnswer answer = next.Handle({Kind::kWanted, {{"a", link_}}});
  EXPECT_EQ(answer.problems.size(), 1U);
  EXPECT_EQ(Target(), "/run/secrets/a");
}

/// With a ramfs at `memory_`, and nobody in passwd and group.
class KeeperCopiesTest : public KeeperTest {
 protected:
  void SetUp() override {
    stdfs::create_directory(memory_);
    if (::geteuid() != 0 || ::mount("ramfs", memory_.c_str(), "ramfs", 0, nullptr) != 0) {
      GTEST_SKIP() << "needs root, to mount a ramfs";
    }
    mounted_ = true;
    (void)folder_.Write("passwd", "");
    (void)folder_.Write("group", "");
  }
  void TearDown() override {
    if (mounted_) ::umount2(memory_.c_str(), MNT_DETACH);
  }
  void DeclareCopy(const std::string& access, const std::string& name = "a") {
    Declare("secrets: {" + name + ": {file: /x, copies: " + copy_ + ", " + access + "}}");
  }
  [[nodiscard]] KeeperRequest Give(std::string_view content) const {
    return {Kind::kCopy, {}, {{"a", copy_}}, AsBytes(content)};
  }
  /// OWNER:GROUP MODE CONTENT of the copy.
  [[nodiscard]] std::string Shows() const {
    struct stat st {};
    if (::stat(copy_.c_str(), &st) != 0) return "none";
    std::ostringstream text;
    text << st.st_uid << ":" << st.st_gid << " " << std::oct << (st.st_mode & 07777U) << " "
         << testkit::TempDir::Read(copy_);
    return text.str();
  }

  const std::string memory_ = folder_ / "memory";
  const std::string copy_ = memory_ + "/a";
  bool mounted_ = false;
};

TEST_F(KeeperCopiesTest, AreWrittenAsTheConfigurationSays) {
  DeclareCopy(R"(owner: newcomer, group: "5", mode: "0440")");
  EXPECT_EQ(Ask(Give("value")), Texts{});
  EXPECT_EQ(Shows(), "0:5 400 value");  // nobody but root while the owner does not exist
  (void)folder_.Write("passwd", "newcomer:x:77:5::/:/bin/sh\n");
  EXPECT_EQ(Ask(Give("value")), Texts{});
  EXPECT_EQ(Shows(), "77:5 440 value");
  EXPECT_EQ(Ask({Kind::kWanted}), Texts{});
  EXPECT_EQ(Shows(), "none");
}

TEST_F(KeeperCopiesTest, NewContentIsNotForWhoMayReadNoLonger) {
  DeclareCopy(R"(owner: "7", group: "8", mode: "0444")");
  EXPECT_EQ(Ask(Give("value")), Texts{});
  EXPECT_EQ(Shows(), "7:8 444 value");
  DeclareCopy(R"(owner: "17", group: "18", mode: "0400")");
  EXPECT_EQ(Ask(Give("newer")), Texts{});
  EXPECT_EQ(Shows(), "17:18 400 newer");
  const int reads = reads_;
  EXPECT_EQ(Ask(Give("newest")), Texts{});
  EXPECT_EQ(reads_, reads);  // nothing has changed
  Declare("secrets: [");
  EXPECT_EQ(Ask(Give("last")), Texts{});
  EXPECT_EQ(Shows(), "17:18 400 last");
}

TEST_F(KeeperCopiesTest, WithoutAValueTheyAreNotForWhoMayReadNoLonger) {
  DeclareCopy(R"(owner: "7", group: "8", mode: "0444")");
  EXPECT_EQ(Ask(Give("value")), Texts{});
  DeclareCopy(R"(owner: "17", group: "18", mode: "0400")");
  EXPECT_EQ(Ask({Kind::kWanted, {}, {{"a", copy_}}}), Texts{});
  EXPECT_EQ(Shows(), "17:18 400 value");
  DeclareCopy(R"(mode: "0400")", "b");
  const KeeperAnswer answer = keeper_.Handle({Kind::kWanted, {}, {{"b", copy_}}});
  EXPECT_EQ(answer.missing, Texts{copy_});
  EXPECT_EQ(Shows(), "none");  // it was a's
}

}  // namespace
}  // namespace secretfs
