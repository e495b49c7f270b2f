#include <gmock/gmock.h>

#include "base/text.h"
#include "cli/credential_match.h"

namespace secretfs {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Ask(std::string_view lines, const CredentialRequest& request) {
  const auto answer = AnswerFromLines(AsBytes(lines), request);
  return answer ? std::string(AsText(answer->Expose())) : "error";
}

CredentialRequest For(std::string host, std::string path = "", std::string username = "") {
  return {"https", std::move(host), std::move(path), std::move(username)};
}

constexpr const char* kUserOne = "username=u\npassword=1\n";
constexpr const char* kUserTwo = "username=u\npassword=2\n";

TEST(GitRequest, TakesWhatItKnowsUpToTheBlankLine) {
  const auto request = ParseCredentialRequest(
      AsBytes("capability[]=authtype\nprotocol=https\nhost=h:1\npath=/org/repo.git/\n"
              "username=a=b\npassword=secret\nwwwauth[]=Basic\nhost=h:2\n\nhost=late\n"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->protocol, "https");
  EXPECT_EQ(request->host, "h:2");
  EXPECT_EQ(request->path, "org/repo.git");
  EXPECT_EQ(request->username, "a=b");
}

TEST(GitRequest, EndsWithoutABlankLineToo) {
  EXPECT_EQ(ParseCredentialRequest(AsBytes("host=h"))->host, "h");
  EXPECT_EQ(ParseCredentialRequest(AsBytes("host=h\r\n\r\n"))->host, "h");
  EXPECT_EQ(ParseCredentialRequest({})->host, "");
}

TEST(GitRequest, RefusesOtherLinesWithoutQuotingThem) {
  const auto request = ParseCredentialRequest(AsBytes("host=h\nhunter2\n"));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().Text(), "git's request: line 2 is not KEY=VALUE");
  EXPECT_FALSE(ParseCredentialRequest(AsBytes(std::string_view("host=h\0x\n", 9))));
}

TEST(GitCredentialLines, MatchProtocolAndHost) {
  const char* lines = "http://u:0@h\nhttps://u:1@h\nhttps://u:2@h:8443\n";
  EXPECT_EQ(Ask(lines, For("h")), kUserOne);
  EXPECT_EQ(Ask(lines, For("h:8443")), kUserTwo);
  EXPECT_EQ(Ask(lines, For("H")), kUserOne);
  EXPECT_EQ(Ask(lines, For("h:443")), "");
  EXPECT_EQ(Ask(lines, For("hh")), "");
  EXPECT_EQ(Ask(lines, {"http", "h", "", ""}), "username=u\npassword=0\n");
  EXPECT_EQ(Ask(lines, {"ssh", "h", "", ""}), "");
}

TEST(GitCredentialLines, GiveNothingToARequestThatNamesNoHostOrProtocol) {
  EXPECT_EQ(Ask("https://u:1@h\n", {"", "h", "", ""}), "");
  EXPECT_EQ(Ask("https://u:1@h\nhttps://u:1@\n", {"https", "", "", ""}), "");
}

TEST(GitCredentialLines, MatchTheUserWhenGitNamesOne) {
  const char* lines = "https://a:1@h\nhttps://b%40x:2@h\n";
  EXPECT_EQ(Ask(lines, For("h")), "username=a\npassword=1\n");
  EXPECT_EQ(Ask(lines, For("h", "", "b@x")), "username=b@x\npassword=2\n");
  EXPECT_EQ(Ask(lines, For("h", "", "c")), "");
}

TEST(GitCredentialLines, DecodeAsGitDoes) {
  EXPECT_EQ(Ask("https://u%3A:a%2Fb%40%25%zz%4@h%2Ex\n", For("h.x")),
            "username=u:\npassword=a/b@%%zz%4\n");
  EXPECT_EQ(Ask("https://u:a%00@h\n", For("h")), "username=u\npassword=a%00\n");
}

TEST(GitCredentialLines, PassOverWhatGitPassesOver) {
  const std::string good = "https://u:1@h\n";
  for (const char* bad : {"", "# https://u:0@h", "u:0@h", "://u:0@h", "https://0@h", "https://h",
                          "https://:0@h", "https://u:@h", "https://u:0%0a@h", "https://u%0A:0@h",
                          "https://u:0%0d@h", "https://u:0@h\r", "https://u:0/@h", "https://u?:0@h",
                          "https:/u:0@h", "https://u:0@h%0a", "https://u:0@h/%0a"}) {
    EXPECT_EQ(Ask(std::string(bad) + "\n" + good, For("h")), kUserOne) << Quote(bad);
  }
  EXPECT_EQ(Ask("https://u:1@h", For("h")), kUserOne);
}

TEST(GitCredentialLines, TakeTheFirstOfEquals) {
  EXPECT_EQ(Ask("https://u:1@h\nhttps://u:2@h\n", For("h")), kUserOne);
}

TEST(GitCredentialLines, PreferTheLongestPathThatLeadsToTheRequest) {
  const char* lines =
      "https://u:0@h\nhttps://u:1@h/org\nhttps://u:2@h/org/repo/\nhttps://u:3@h/or\n";
  EXPECT_EQ(Ask(lines, For("h", "org/repo.git")), kUserTwo);
  EXPECT_EQ(Ask(lines, For("h", "org/repo")), kUserTwo);
  EXPECT_EQ(Ask(lines, For("h", "org/repo/sub")), kUserTwo);
  EXPECT_EQ(Ask(lines, For("h", "org/repository")), kUserOne);
  EXPECT_EQ(Ask(lines, For("h", "organisation/x")), "username=u\npassword=0\n");
  EXPECT_EQ(Ask("https://u:1@h/org\n", For("h", "other/x")), "");
}

TEST(GitCredentialLines, PreferNoPathWhenTheRequestHasNone) {
  EXPECT_EQ(Ask("https://u:2@h/org\nhttps://u:1@h\n", For("h")), kUserOne);
  EXPECT_EQ(Ask("https://u:1@h/org\nhttps://u:2@h/org/repo\n", For("h")), kUserOne);
}

TokenTable Tokens() {
  TokenTable table;
  const auto add = [&](const char* host, std::string_view value, const char* user = "") {
    auto secret = SecretBytes::CopyOf(AsBytes(value));
    table.push_back({host, user, TokenKind::kGeneric, std::move(secret).value()});
  };
  add("github.com", "ghp_wide");
  add("github.com/org", "ghp_narrow");
  add("gitlab.com", "PAT:glpat-1");
  add("git.lan:3000", "t 4", "me");
  add("broken.example", "hunter2\nx");
  add("https://wrong.example", "t");
  return table;
}

std::string AskTokens(const CredentialRequest& request) {
  const auto answer = AnswerFromTokens(Tokens(), request);
  return answer ? std::string(AsText(answer->Expose())) : answer.error().what;
}

TEST(GitCredentialTokens, GiveUserAndBareToken) {
  EXPECT_EQ(AskTokens(For("github.com")), "username=x-access-token\npassword=ghp_wide\n");
  EXPECT_EQ(AskTokens(For("gitlab.com")), "username=oauth2\npassword=glpat-1\n");
  EXPECT_EQ(AskTokens(For("GIT.lan:3000")), "username=me\npassword=t 4\n");
  EXPECT_EQ(AskTokens(For("git.lan")), "");
  EXPECT_EQ(AskTokens(For("wrong.example")), "");
}

TEST(GitCredentialTokens, MatchPathAndUser) {
  EXPECT_EQ(AskTokens(For("github.com", "org/repo.git")),
            "username=x-access-token\npassword=ghp_narrow\n");
  EXPECT_EQ(AskTokens(For("github.com", "other/repo.git")),
            "username=x-access-token\npassword=ghp_wide\n");
  EXPECT_EQ(AskTokens(For("github.com", "", "alice")), "");
}

TEST(GitCredentialTokens, AreForHttpsOnly) {
  EXPECT_EQ(AskTokens({"http", "github.com", "", ""}), "");
  EXPECT_EQ(AskTokens({"", "github.com", "", ""}), "");
}

TEST(GitCredentialTokens, SayWhyAMatchCannotBeGiven) {
  const std::string what = AskTokens(For("broken.example"));
  EXPECT_THAT(what, HasSubstr("'broken.example': the token has a line break"));
  EXPECT_THAT(what, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace secretfs
