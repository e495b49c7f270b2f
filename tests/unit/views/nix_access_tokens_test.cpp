#include <gmock/gmock.h>

#include <map>
#include <sstream>

#include "tests/unit/views/view_testing.h"
#include "views/formats.h"

namespace secretfs {
namespace {

using namespace view_testing;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFormat = "nix-access-tokens";

/// nix's reading of one file of configuration (libutil/configuration.cc, applyConfig and
/// tokenizeString), written from its rules.
std::map<std::string, std::string> ReadAsNix(const std::string& file) {
  std::map<std::string, std::string> tokens;
  std::istringstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find('#'));
    for (char& c : line) {
      if (c == '\r' || c == '\t') c = ' ';
    }
    std::istringstream words(line);
    std::string name;
    std::string equals;
    if (!(words >> name)) continue;
    EXPECT_TRUE(words >> equals);
    EXPECT_EQ(equals, "=") << "a fatal syntax error";
    EXPECT_EQ(name, "extra-access-tokens");
    for (std::string word; words >> word;) {
      const size_t split = word.find('=');
      EXPECT_NE(split, word.npos);
      tokens.emplace(word.substr(0, split), word.substr(split + 1));  // the first wins
    }
  }
  return tokens;
}

TEST(NixAccessTokens, WritesOneLine) {
  const auto view = Render(
      kFormat, Table(MakeToken("github.com", "ghp_1"), MakeToken("gitlab.com", "glpat-2"),
                     MakeToken("github.com/org/repo", "ghp_3"), MakeToken("git.sr.ht", "srht4")));
  EXPECT_EQ(view.text,
            "extra-access-tokens = github.com=ghp_1 gitlab.com=PAT:glpat-2 "
            "github.com/org/repo=ghp_3 git.sr.ht=srht4\n");
  EXPECT_THAT(view.notes, IsEmpty());
}

TEST(NixAccessTokens, PutsTheTypeBeforeGitlabTokensOnce) {
  const auto view =
      Render(kFormat, Table(MakeToken("gitlab.a", "x", TokenKind::kGitlabPat),
                            MakeToken("b.example", "x", TokenKind::kGitlabOauth),
                            MakeToken("gitlab.c", "PAT:x"), MakeToken("gitlab.d", "OAuth2:x"),
                            MakeToken("e.example", "PAT:x", TokenKind::kGitlabOauth)));
  EXPECT_EQ(view.text,
            "extra-access-tokens = gitlab.a=PAT:x b.example=OAuth2:x gitlab.c=PAT:x "
            "gitlab.d=OAuth2:x e.example=PAT:x\n");
}

TEST(NixAccessTokens, LeavesOutHostsWithoutAFetcher) {
  const auto view =
      Render(kFormat, Table(MakeToken("codeberg.org", "t"), MakeToken("bitbucket.org", "t"),
                            MakeToken("git.home.lan", "t")));
  EXPECT_EQ(view.text, "# no access tokens that nix could use\n");
  EXPECT_THAT(view.notes, ElementsAre(HasSubstr("'codeberg.org': nix has no fetcher"),
                                      HasSubstr("'bitbucket.org'"), HasSubstr("'git.home.lan'")));
}

TEST(NixAccessTokens, LeavesOutGitlabTokensThatItCannotType) {
  const auto view =
      Render(kFormat, Table(MakeToken("gitlab.com", "??"), MakeToken("gitlab.b", "glcbt-1_x")));
  EXPECT_EQ(view.text, "# no access tokens that nix could use\n");
  EXPECT_THAT(view.notes, ElementsAre(HasSubstr("set 'kind' to gitlab-pat or gitlab-oauth"),
                                      HasSubstr("job token")));
}

TEST(NixAccessTokens, LeavesOutWhatTheLineCannotHold) {
  for (const char* token :
       {"a b", "a#b", "#", "a\tb", "a\nb", "a\rb", "a\x01", "\x7f", "\xc3\xa9"}) {
    const auto view = Render(kFormat, Table(MakeToken("github.com", token)));
    EXPECT_EQ(view.text, "# no access tokens that nix could use\n");
    EXPECT_THAT(view.notes, ElementsAre(HasSubstr("'github.com': the token has a blank")));
  }
}

TEST(NixAccessTokens, FindsNoFaultWithTokensThatItHasNoUseFor) {
  for (const char* host : {"codeberg.org", "git.home.lan"}) {
    const TokenTable table = Table(MakeToken(host, "a b"));
    EXPECT_TRUE(SelectForNix(table).left_out.at(0).why.by_design);
  }
  const TokenTable table = Table(MakeToken("github.com", "a b"));
  EXPECT_FALSE(SelectForNix(table).left_out.at(0).why.by_design);
}

TEST(NixAccessTokens, LeavesOutWhatIsNoHost) {
  const auto view =
      Render(kFormat, Table(MakeToken("https://github.com", "t"), MakeToken("a b", "t"),
                            MakeToken("x=y", "t"), MakeToken("github.com", "")));
  EXPECT_EQ(view.notes.size(), 4U);
  EXPECT_EQ(view.text, "# no access tokens that nix could use\n");
}

TEST(NixAccessTokens, KeepsTheFirstOfTwo) {
  const auto view =
      Render(kFormat, Table(MakeToken("github.com", "first"), MakeToken("github.com/", "second")));
  EXPECT_EQ(view.text, "extra-access-tokens = github.com=first\n");
  EXPECT_THAT(view.notes, ElementsAre(HasSubstr("'github.com/': the entry for")));
}

TEST(NixAccessTokens, ReadsBackAsWritten) {
  TokenTable table = AwkwardTokens(TokenKind::kGithub);
  const auto view = Render(kFormat, AwkwardTokens(TokenKind::kGithub));
  const auto read = ReadAsNix(view.text);
  EXPECT_EQ(read.size() + view.notes.size(), table.size());
  EXPECT_GT(read.size(), 15U);
  for (const Token& token : table) {
    const auto found = read.find(token.host);
    if (found == read.end()) continue;
    EXPECT_EQ(found->second, AsText(token.value.Expose())) << token.host;
  }
}

TEST(NixAccessTokens, NotesNameNoContent) {
  for (const std::string& note : Render(kFormat, Table(MakeToken("h", "hunter two"))).notes) {
    EXPECT_THAT(note, testing::Not(HasSubstr("hunter")));
  }
}

TEST(NixAccessTokens, IsAsOldAsItsSource) {
  const WallTime noon{std::chrono::hours(12)};
  EXPECT_EQ(Render(kFormat, {}, noon).modified, noon);
}

}  // namespace
}  // namespace secretfs
