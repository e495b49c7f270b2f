#include "cli/rules_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "cli/rules_walk.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testing::ElementsAre;
using testkit::TempDir;

constexpr std::string_view kRules =
    "rules:\n"
    "  - {files: \"a/*.age\", recipients: age1a}\n"
    "  - {files: [\"**/*.age\"], recipients: age1b}\n";

class RulesFileTest : public testing::Test {
 protected:
  RulesFileTest() {
    for (const char* folder : {"a/b", "c", ".git", "own"})
      std::filesystem::create_directories(folder_ / folder);
    Write("secretfs.rules.yaml", kRules);
  }
  void Write(std::string_view name, std::string_view text = "") {
    const std::string path = folder_.Write(name, text);
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  }
  [[nodiscard]] std::string Below(std::string_view name) const { return folder_ / name; }
  TempDir folder_;
};

TEST_F(RulesFileTest, IsTheNearestUpwards) {
  const auto found = RulesFile::Find(Below("a/b"));
  ASSERT_TRUE(found) << found.error().Text();
  EXPECT_EQ(found->path(), std::filesystem::canonical(folder_.path()) / "secretfs.rules.yaml");
  Write("a/secretfs.rules.yaml", "rules: []\n");
  EXPECT_EQ(RulesFile::Find(Below("a/b"))->path(),
            std::filesystem::canonical(folder_.path()) / "a/secretfs.rules.yaml");
  EXPECT_EQ(RulesFile::Find("/proc").error().code, Code::kNotFound);
}

TEST_F(RulesFileTest, ThatAnotherCouldHaveWrittenMustBeNamed) {
  const std::string path = Below("secretfs.rules.yaml");
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(RulesFile::Find(Below("a")).error().code, Code::kPermission);
  EXPECT_TRUE(RulesFile::Load(path));
  EXPECT_TRUE(RulesFor(path, Below("a/x.age")));
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_TRUE(RulesFor("", Below("a/x.age")));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
  EXPECT_EQ(RulesFile::Find(Below("a")).error().code, Code::kPermission);
}

TEST_F(RulesFileTest, KnowsTheRuleForAFileWhereverOneStands) {
  const auto rules = RulesFile::Find(folder_.path());
  const auto recipient = [&](const std::string& path) {
    const auto rule = rules->RuleFor(path);
    return rule ? (*rule)->recipients.at(0).text : rule.error().what;
  };
  EXPECT_EQ(recipient(Below("a/x.age")), "age1a");
  EXPECT_EQ(recipient(Below("c/../a/./x.age")), "age1a");
  EXPECT_EQ(recipient(Below("x.age")), "age1b");
  EXPECT_EQ(recipient(Below("x.txt")), "no rule fits 'x.txt'");
  EXPECT_EQ(recipient("/etc/x.age"), "is not below the folder of the rules");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(Below("a"));
  EXPECT_EQ(recipient("x.age"), "age1a");
  EXPECT_EQ(recipient("../x.age"), "age1b");
  std::filesystem::current_path(before);
}

TEST_F(RulesFileTest, ALinkCountsWhereItLeads) {
  Write("c/x.age");
  std::filesystem::create_symlink("../c/x.age", Below("a/link.age"));
  const auto rules = RulesFile::Find(folder_.path());
  EXPECT_EQ((*rules->RuleFor(Below("a/link.age")))->recipients.at(0).text, "age1b");
}

TEST_F(RulesFileTest, RulesThatWereFoundDoNotHoldWhereOthersMayWrite) {
  Write("c/x.age");
  ASSERT_EQ(chmod(Below("c").c_str(), 0777), 0);
  const auto found = RulesFile::Find(folder_.path());
  EXPECT_EQ(found->RuleFor(Below("c/x.age")).error().what, "other users may write this folder");
  const auto named = RulesFile::Load(found->path());
  EXPECT_TRUE(named->RuleFor(Below("c/x.age")));
}

TEST_F(RulesFileTest, RulesThatOthersMayHaveWrittenAreNotFound) {
  const auto found = [&] {
    const auto rules = RulesFile::Find(folder_.path());
    return rules ? "found" : rules.error().what;
  };
  const std::string path = Below(kRulesFileName);
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(found(), "other users may write these rules");
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_EQ(found(), "other users may write the folder of these rules");
  ASSERT_EQ(chmod(folder_.path().c_str(), 0700), 0);
  EXPECT_EQ(found(), "found");
  ASSERT_EQ(rename(path.c_str(), Below("elsewhere").c_str()), 0);
  std::filesystem::create_symlink("elsewhere", path);
  EXPECT_EQ(found(), "these rules are a symbolic link");
}

TEST_F(RulesFileTest, SaysWhereARecipientIsWrong) {
  const auto rules = RulesFile::Find(folder_.path());
  const auto recipients = RecipientsOf(**rules->RuleFor(Below("a/x.age")), {});
  ASSERT_FALSE(recipients);
  EXPECT_THAT(recipients.error().where, testing::EndsWith("secretfs.rules.yaml:2:36"));
}

TEST_F(RulesFileTest, TheFilesAreRegularOnesThatFit) {
  for (const char* name : {"x.age", "a/y.age", "a/b/.z.age", "c/x.txt", ".git/g.age", "own/o.age"})
    Write(name);
  Write("own/secretfs.rules.yaml", "rules: []\n");
  std::filesystem::create_symlink("x.age", Below("link.age"));
  std::filesystem::create_directory_symlink("a", Below("linked"));
  std::filesystem::create_directory(Below("folder.age"));
  const WalkedFiles found = FilesOf(*RulesFile::Find(folder_.path()));
  const std::string root = std::filesystem::canonical(folder_.path());
  EXPECT_THAT(found.paths, ElementsAre(root + "/a/b/.z.age", root + "/a/y.age", root + "/x.age"));
  EXPECT_TRUE(found.problems.empty());
}

TEST_F(RulesFileTest, AFolderThatCannotBeReadIsAProblem) {
  Write("a/y.age");
  for (const char* folder : {"", "a", "a/b", "own"}) {
    ASSERT_EQ(::chmod(Below(folder).c_str(), 0755), 0);
  }
  ASSERT_EQ(::chmod(Below("c").c_str(), 0), 0);
  const auto rules = RulesFile::Find(folder_.path());
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_EXIT(
      {
        if (::geteuid() == 0 && ::seteuid(65534) != 0) _exit(90);  // root reads every folder
        const WalkedFiles found = FilesOf(*rules);
        const bool one = found.problems.size() == 1 && found.problems[0].where == Below("c");
        _exit(one && found.paths.size() == 1 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  ASSERT_EQ(::chmod(Below("c").c_str(), 0700), 0);
}

}  // namespace
}  // namespace secretfs
