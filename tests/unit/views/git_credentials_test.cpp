#include <gmock/gmock.h>

#include <map>
#include <sstream>

#include "tests/unit/views/view_testing.h"

namespace secretfs {
namespace {

using namespace view_testing;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFormat = "git-credentials";

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return out;
}

struct Line {
  std::string user, password, host;
};

/// git's reading of a URL (credential.c, credential_from_url_1), written from its rules.
Line ReadAsGit(std::string_view line) {
  EXPECT_TRUE(line.starts_with("https://"));
  line.remove_prefix(8);
  const size_t at = line.find('@');
  const size_t colon = line.find(':');
  EXPECT_LT(line.substr(0, line.find_first_of("/?#")).find('@'), line.npos);
  EXPECT_LT(colon, at);
  return {PercentDecode(line.substr(0, colon)),
          PercentDecode(line.substr(colon + 1, at - colon - 1)),
          PercentDecode(line.substr(at + 1))};
}

TEST(GitCredentials, WritesTheUserOfEachKind) {
  const auto view =
      Render(kFormat, Table(MakeToken("github.com", "ghp_1"), MakeToken("gitlab.com", "glpat-2"),
                            MakeToken("gitlab.ci", "3", TokenKind::kGitlabJob),
                            MakeToken("bitbucket.org", "4"), MakeToken("codeberg.org", "5"),
                            MakeToken("git.home.lan:3000", "6", TokenKind::kGitea, "me@home")));
  EXPECT_EQ(view.text,
            "https://x-access-token:ghp_1@github.com\n"
            "https://oauth2:glpat-2@gitlab.com\n"
            "https://gitlab-ci-token:3@gitlab.ci\n"
            "https://x-token-auth:4@bitbucket.org\n"
            "https://oauth2:5@codeberg.org\n"
            "https://me%40home:6@git.home.lan:3000\n");
  EXPECT_THAT(view.notes, IsEmpty());
}

TEST(GitCredentials, WritesHostsWithoutAPathFirst) {
  const auto view = Render(
      kFormat, Table(MakeToken("github.com/org", "narrow"), MakeToken("github.com", "wide")));
  EXPECT_EQ(view.text,
            "https://x-access-token:wide@github.com\n"
            "https://x-access-token:narrow@github.com/org\n");
}

TEST(GitCredentials, TakesNixTypesOffGitlabTokens) {
  EXPECT_EQ(Render(kFormat, Table(MakeToken("gitlab.com", "PAT:glpat-1"))).text,
            "https://oauth2:glpat-1@gitlab.com\n");
}

TEST(GitCredentials, EncodesEverythingElse) {
  EXPECT_EQ(Render(kFormat, Table(MakeToken("h", "a b/c:d@e%f?g#h\xff~"))).text,
            "https://oauth2:a%20b%2Fc%3Ad%40e%25f%3Fg%23h%FF~@h\n");
}

TEST(GitCredentials, LeavesOutLineBreaks) {
  const auto view =
      Render(kFormat, Table(MakeToken("a", "x\ny"), MakeToken("b", "x\ry"),
                            MakeToken("c", std::string_view("x\0y", 3)),
                            MakeToken("d", "x", TokenKind::kGeneric, "u\nv"), MakeToken("e", "")));
  EXPECT_EQ(view.text, "");
  EXPECT_THAT(view.notes,
              ElementsAre(HasSubstr("'a': the token has a line break"), HasSubstr("'b': "),
                          HasSubstr("'c': "), HasSubstr("'d': the user has"), HasSubstr("'e': ")));
}

TEST(GitCredentials, ReadsBackAsWritten) {
  const TokenTable table = AwkwardTokens(TokenKind::kGeneric);
  const auto view = Render(kFormat, AwkwardTokens(TokenKind::kGeneric));
  std::map<std::string, Line> read;
  std::istringstream lines(view.text);
  for (std::string text; std::getline(lines, text);) {
    const Line line = ReadAsGit(text);
    read[line.host] = line;
  }
  EXPECT_EQ(read.size() + view.notes.size(), table.size());
  EXPECT_EQ(view.notes.size(), 3U);
  for (const Token& token : table) {
    const auto found = read.find(token.host);
    if (found == read.end()) continue;
    const std::string_view value = AsText(token.value.Expose());
    EXPECT_EQ(found->second.password, value.substr(value.starts_with("PAT:") ? 4 : 0));
    EXPECT_EQ(found->second.user, "user");
  }
}

}  // namespace
}  // namespace secretfs
