#include "views/token_kind.h"

#include "tests/unit/views/view_testing.h"

namespace secretfs {
namespace {

using view_testing::MakeToken;

TokenKind KindFor(const std::string& host, std::string_view value = "t") {
  return KindOf(MakeToken(host, value));
}

TEST(TokenKind, IsToldByTheHost) {
  EXPECT_EQ(KindFor("github.com"), TokenKind::kGithub);
  EXPECT_EQ(KindFor("GitHub.com/org/repo"), TokenKind::kGithub);
  EXPECT_EQ(KindFor("github.example.com:8443"), TokenKind::kGithub);
  EXPECT_EQ(KindFor("bitbucket.org"), TokenKind::kBitbucket);
  EXPECT_EQ(KindFor("codeberg.org"), TokenKind::kGitea);
  EXPECT_EQ(KindFor("my-gitea.lan"), TokenKind::kGitea);
  EXPECT_EQ(KindFor("git.forgejo.example"), TokenKind::kGitea);
  EXPECT_EQ(KindFor("git.sr.ht"), TokenKind::kSourcehut);
  EXPECT_EQ(KindFor("git.home.lan"), TokenKind::kGeneric);
}

TEST(TokenKind, IsNotToldByAHostThatOnlyLooksAlike) {
  EXPECT_EQ(KindFor("evilgithub.com"), TokenKind::kGeneric);
  EXPECT_EQ(KindFor("notsr.ht"), TokenKind::kGeneric);
  EXPECT_EQ(KindFor("git.example/gitea"), TokenKind::kGeneric);
  EXPECT_FALSE(IsGitlabHost(MakeToken("mygitlab.com", "t")));
}

TEST(TokenKind, IsToldByTheShapeOfAGitlabToken) {
  EXPECT_EQ(KindFor("gitlab.com", "glpat-abc"), TokenKind::kGitlabPat);
  EXPECT_EQ(KindFor("gitlab.com", "glcbt-64_abc"), TokenKind::kGitlabJob);
  EXPECT_EQ(KindFor("gitlab.example.org", "OAuth2:abc"), TokenKind::kGitlabOauth);
  EXPECT_EQ(KindFor("gitlab.com", "PAT:abc"), TokenKind::kGitlabPat);
  EXPECT_EQ(KindFor("gitlab.com", std::string(64, 'a')), TokenKind::kGitlabOauth);
  EXPECT_EQ(KindFor("gitlab.com", "abcdefghij_-KLMNO123"), TokenKind::kGitlabPat);
  EXPECT_EQ(KindFor("gitlab.com", "something else"), TokenKind::kGeneric);
}

TEST(TokenKind, IsToldByAPrefixOnAHostThatTellsNothing) {
  EXPECT_EQ(KindFor("salsa.debian.org", "glpat-abc"), TokenKind::kGitlabPat);
  EXPECT_EQ(KindFor("salsa.debian.org", std::string(64, 'a')), TokenKind::kGeneric);
  EXPECT_EQ(KindFor("codeberg.org", "glpat-abc"), TokenKind::kGitea);
}

TEST(TokenKind, IsWhatTheSourceSays) {
  EXPECT_EQ(KindOf(MakeToken("github.com", "t", TokenKind::kGitea)), TokenKind::kGitea);
}

TEST(TokenKind, TellsGithubAppTokensApart) {
  EXPECT_EQ(KindFor("github.com", "ghs_abc"), TokenKind::kGithubApp);
  EXPECT_EQ(KindFor("github.com", "ghp_abc"), TokenKind::kGithub);
}

TEST(TokenKind, GivesTheUserThatEachForgeWants) {
  const auto user = [](TokenKind kind) { return GitUserOf(MakeToken("h", "t", kind)); };
  EXPECT_EQ(user(TokenKind::kGithub), "x-access-token");
  EXPECT_EQ(user(TokenKind::kGithubApp), "x-access-token");
  EXPECT_EQ(user(TokenKind::kGitlabPat), "oauth2");
  EXPECT_EQ(user(TokenKind::kGitlabOauth), "oauth2");
  EXPECT_EQ(user(TokenKind::kGitlabJob), "gitlab-ci-token");
  EXPECT_EQ(user(TokenKind::kBitbucket), "x-token-auth");
  EXPECT_FALSE(user(TokenKind::kGitea).empty());
  EXPECT_FALSE(user(TokenKind::kSourcehut).empty());
  EXPECT_FALSE(user(TokenKind::kGeneric).empty());
  EXPECT_EQ(GitUserOf(MakeToken("h", "t", TokenKind::kGitlabJob, "deploy-7")), "deploy-7");
}

TEST(TokenKind, TakesNixTypesOffGitlabTokensOnly) {
  const Token gitlab = MakeToken("gitlab.com", "PAT:abc");
  EXPECT_EQ(AsText(BareToken(gitlab)), "abc");
  EXPECT_EQ(NixTokenType(gitlab), "PAT:");
  const Token other = MakeToken("github.com", "PAT:abc");
  EXPECT_EQ(AsText(BareToken(other)), "PAT:abc");
  EXPECT_EQ(NixTokenType(other), "");
}

}  // namespace
}  // namespace secretfs
