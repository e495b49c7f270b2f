#include "daemon/accounts.h"

#include <gtest/gtest.h>

#include "tests/testkit/fake_clock.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

class FileAccountsTest : public testing::Test {
 protected:
  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(ReplaceFile(folder_.path() + "/" + name, AsBytes(text), 0644));
  }
  testkit::TempDir folder_;
  testkit::FakeClock clock_;
  FileAccounts accounts_{clock_, folder_.path() + "/passwd", folder_.path() + "/group"};
};

TEST_F(FileAccountsTest, FindsUsersAndGroups) {
  Write("passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001:A,,,:/home/alice:/bin/sh\n");
  Write("group", "wheel:x:10:alice,bob\n");
  EXPECT_EQ(accounts_.User("alice"), 1000U);
  EXPECT_EQ(accounts_.User("root"), 0U);
  EXPECT_EQ(accounts_.Group("wheel"), 10U);
  EXPECT_EQ(accounts_.User("wheel"), std::nullopt);
  EXPECT_EQ(accounts_.Group("alice"), std::nullopt);
}

TEST_F(FileAccountsTest, PassesOverLinesThatAreNotWellFormed) {
  Write("passwd",
        "\n:x:1:1::\nx\nno:x\nneg:x:-1:1::/:\nbig:x:4294967296:1::/:\nend:x:5\ntext:x:5a:1::/"
        ":\nok:x:7:7::/:\nok:x:8:8::/:");
  for (const char* name : {"", "x", "no", "neg", "big", "end", "text"})
    EXPECT_EQ(accounts_.User(name), std::nullopt) << name;
  EXPECT_EQ(accounts_.User("ok"), 7U) << "the first counts";
}

TEST_F(FileAccountsTest, SeesAUserWhoAppearsWithinASecond) {
  Write("passwd", "root:x:0:0::/:/bin/sh\n");
  EXPECT_EQ(accounts_.User("late"), std::nullopt);
  Write("passwd", "root:x:0:0::/:/bin/sh\nlate:x:500:500::/:/bin/sh\n");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(accounts_.User("late"), 500U);
}

TEST_F(FileAccountsTest, KeepsWhatItKnowsWhileTheFileIsGone) {
  Write("passwd", "alice:x:1000:1000::/:/bin/sh\n");
  EXPECT_EQ(accounts_.User("alice"), 1000U);
  ASSERT_EQ(unlink((folder_.path() + "/passwd").c_str()), 0);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(accounts_.User("alice"), 1000U);
}

TEST_F(FileAccountsTest, AsksNssForNamesThatTheFilesDoNotHave) {
  Write("passwd", "nobody:x:4242:1::/:/bin/sh\n");
  accounts_.AskNssForUser("root");
  EXPECT_EQ(accounts_.User("root"), 0U);
  accounts_.AskNssForUser("nobody");
  EXPECT_EQ(accounts_.User("nobody"), 4242U) << "the file wins";
  accounts_.AskNssForGroup("no-such-group-here");
  EXPECT_EQ(accounts_.Group("no-such-group-here"), std::nullopt);
}

}  // namespace
}  // namespace secretfs
