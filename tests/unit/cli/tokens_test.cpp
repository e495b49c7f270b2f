#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "cli/folder_lock.h"
#include "cli/token_file.h"
#include "cli/token_input.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

SecretBytes Secret(std::string_view text) {
  auto secret = SecretBytes::CopyOf(AsBytes(text));
  if (!secret) std::abort();
  return std::move(secret).value();
}

TokenEdit Edit(std::string host, std::string_view value) {
  return {std::move(host), std::nullopt, std::nullopt, Secret(value)};
}

std::string Checked(std::string_view input) {
  const auto token = CheckToken(Secret(input));
  if (!token) return "error: " + token.error().what;
  return std::string(AsText(token->Expose()));
}

TEST(TokenInput, TakesOneNewlineOffTheEnd) {
  EXPECT_EQ(Checked("ghp_1"), "ghp_1");
  EXPECT_EQ(Checked("ghp_1\n"), "ghp_1");
  EXPECT_EQ(Checked(" \xc3\xa9 \n"), " \xc3\xa9 ");
}

TEST(TokenInput, RefusesWhatIsNoToken) {
  for (std::string_view input : {"", "\n", "hunter2\n\n", "hun\nter2", "hunter2\r\n", "\thunter2",
                                 "hunter2\x1b", "hunter2\x7f", "hunter2\xff"}) {
    EXPECT_THAT(Checked(input), HasSubstr("error: the token"));
    EXPECT_THAT(Checked(input), Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(Checked(std::string_view("a\0b", 3)), HasSubstr("error: the token"));
}

class Terminal : public testing::Test {
 protected:
  void SetUp() override {
    master_.reset(::posix_openpt(O_RDWR | O_NOCTTY));
    if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0)
      GTEST_SKIP() << "no pseudo-terminals here";
    slave_.reset(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY));
    ASSERT_TRUE(slave_);
  }

  /// Types once the echo is off, as a person would who waits for the prompt.
  std::string Type(std::string_view keys) {
    std::thread person([&] {
      for (int i = 0; i < 10000 && Echoes(); ++i) std::this_thread::sleep_for(milliseconds(1));
      EXPECT_FALSE(Echoes());
      EXPECT_TRUE(WriteAll(master_.get(), AsBytes(keys), "pty"));
    });
    const auto token = ReadToken(slave_.get(), "");
    person.join();
    EXPECT_TRUE(Echoes());
    return token ? std::string(AsText(token->Expose())) : "error: " + token.error().what;
  }

  bool Echoes() {
    termios now{};
    EXPECT_EQ(::tcgetattr(slave_.get(), &now), 0);
    return (now.c_lflag & ECHO) != 0;
  }

  UniqueFd master_;
  UniqueFd slave_;
};

TEST_F(Terminal, GivesALineWithoutEcho) {
  EXPECT_EQ(Type("ghp_1\n"), "ghp_1");
  ASSERT_EQ(::fcntl(master_.get(), F_SETFL, O_NONBLOCK), 0);
  std::array<char, 64> echoed{};
  EXPECT_LE(::read(master_.get(), echoed.data(), echoed.size()), 0);
}

TEST_F(Terminal, IsItselfAgainAfterAnInterrupt) {
  EXPECT_EQ(Type("ghp_\x03"), "error: interrupted, and nothing changed");
}

TEST_F(Terminal, TakesTheEndOfInputForAnEmptyToken) {
  EXPECT_EQ(Type("\x04"), "error: the token is empty");
}

class TokenFile : public testing::Test {
 protected:
  [[nodiscard]] std::string Text() const { return testkit::TempDir::Read(path_); }
  [[nodiscard]] mode_t Mode() const {
    struct stat st {};
    EXPECT_EQ(::stat(path_.c_str(), &st), 0);
    return st.st_mode & 07777;
  }

  const testkit::TempDir folder_;
  const std::string path_ = folder_ / "tokens.json";
};

TEST_F(TokenFile, IsMadeForItsOwnerAlone) {
  TokenTable table;
  EXPECT_TRUE(ApplyTokenEdit(table, Edit("github.com", "ghp_1")));
  ASSERT_TRUE(SaveTokenFile(path_, table));
  EXPECT_EQ(Text(), "{\n  \"github.com\": \"ghp_1\"\n}\n");
  EXPECT_EQ(Mode(), 0600U);
}

TEST_F(TokenFile, KeepsItsMode) {
  ASSERT_EQ(folder_.Write("tokens.json", R"({"a": "1"})"), path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  auto table = LoadTokenFile(path_);
  ASSERT_TRUE(table);
  ApplyTokenEdit(*table, Edit("b", "2"));
  ASSERT_TRUE(SaveTokenFile(path_, *table));
  EXPECT_EQ(Text(), "{\n  \"a\": \"1\",\n  \"b\": \"2\"\n}\n");
  EXPECT_EQ(Mode(), 0640U);
}

TEST_F(TokenFile, IsNeverLargerThanItsReadersTake) {
  TokenTable table;
  for (int i = 0; i < 20; ++i) {
    ApplyTokenEdit(table, Edit("h" + std::to_string(i), std::string(60000, 'x')));
  }
  const Status saved = SaveTokenFile(path_, table);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::kTooLarge);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(TokenFile, IsEditedByOneAtATime) {
  auto first = LockFolderOf(path_, milliseconds(0));
  ASSERT_TRUE(first) << first.error().Text();
  const auto second = LockFolderOf(path_, milliseconds(50));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kTimeout);
  first->reset();
  EXPECT_TRUE(LockFolderOf(path_, milliseconds(0)));
}

TEST_F(TokenFile, IsLockedWhereALinkLeads) {
  std::filesystem::create_directory(folder_ / "real");
  const std::string real = folder_.Write("real/tokens.json", "{}");
  std::filesystem::create_symlink(real, path_);
  const auto lock = LockFolderOf(path_, milliseconds(0));
  ASSERT_TRUE(lock);
  EXPECT_FALSE(LockFolderOf(real, milliseconds(0)));
}

TEST_F(TokenFile, WaitsForItsTurn) {
  auto first = LockFolderOf(path_, milliseconds(0));
  ASSERT_TRUE(first);
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(60));
    first->reset();
  });
  EXPECT_TRUE(LockFolderOf(path_, std::chrono::seconds(10)));
  other.join();
}

TEST(TokenEdit, KeepsWhatItIsNotTold) {
  TokenTable table;
  TokenEdit edit = Edit("a", "1");
  edit.user = "me";
  edit.kind = TokenKind::kGitea;
  EXPECT_TRUE(ApplyTokenEdit(table, std::move(edit)));
  EXPECT_TRUE(ApplyTokenEdit(table, Edit("a", "2")));
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table[0].user, "me");
  EXPECT_EQ(table[0].kind, TokenKind::kGitea);
  EXPECT_EQ(AsText(table[0].value.Expose()), "2");
}

TEST(TokenEdit, TellsWhetherAnythingChanged) {
  TokenTable table;
  ApplyTokenEdit(table, Edit("a", "1"));
  EXPECT_FALSE(ApplyTokenEdit(table, Edit("a", "1")));
  TokenEdit user = Edit("a", "1");
  user.user = "me";
  EXPECT_TRUE(ApplyTokenEdit(table, std::move(user)));
  TokenEdit no_user = Edit("a", "1");
  no_user.user = "";
  EXPECT_TRUE(ApplyTokenEdit(table, std::move(no_user)));
  EXPECT_EQ(table[0].user, "");
  TokenEdit kind = Edit("a", "1");
  kind.kind = TokenKind::kGithub;
  EXPECT_TRUE(ApplyTokenEdit(table, std::move(kind)));
}

TEST(TokenEdit, RemovesAHostOrSuggestsOne) {
  TokenTable table;
  ApplyTokenEdit(table, Edit("github.com", "1"));
  ApplyTokenEdit(table, Edit("gitlab.com", "2"));
  const Status unknown = RemoveToken(table, "githib.com");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::kNotFound);
  EXPECT_THAT(unknown.error().hint, HasSubstr("did you mean 'github.com'?"));
  EXPECT_TRUE(RemoveToken(table, "github.com"));
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table[0].host, "gitlab.com");
}

}  // namespace
}  // namespace secretfs
