#include "views/token_kind.h"

#include <algorithm>
#include <array>

#include "views/host.h"

namespace secretfs {
namespace {

constexpr std::string_view kPat = "PAT:";
constexpr std::string_view kOauth = "OAuth2:";

std::string HostName(const Token& token) {
  return LowerCase(std::string_view(token.host).substr(0, token.host.find_first_of(":/")));
}

bool IsOrBelow(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  name.remove_suffix(domain.size());
  return name.empty() || name.ends_with('.');
}

bool IsGitlabName(std::string_view name) {
  return name == "gitlab.com" || name.starts_with("gitlab.");
}

TokenKind KindOfHost(std::string_view name) {
  if (IsOrBelow(name, "github.com") || name.starts_with("github.")) return TokenKind::kGithub;
  if (name == "bitbucket.org") return TokenKind::kBitbucket;
  if (IsOrBelow(name, "sr.ht")) return TokenKind::kSourcehut;
  if (name == "codeberg.org" || name.find("gitea") != name.npos ||
      name.find("forgejo") != name.npos) {
    return TokenKind::kGitea;
  }
  return TokenKind::kGeneric;
}

struct Prefix {
  std::string_view text;
  TokenKind kind;
};
// Prefixes that the forges give their tokens, and that nothing else has.
constexpr std::array kGithubPrefixes{Prefix{"ghs_", TokenKind::kGithubApp}};
constexpr std::array kGitlabPrefixes{
    Prefix{kPat, TokenKind::kGitlabPat}, Prefix{kOauth, TokenKind::kGitlabOauth},
    Prefix{"glpat-", TokenKind::kGitlabPat}, Prefix{"glcbt-", TokenKind::kGitlabJob}};

template <size_t N>
TokenKind KindOfPrefix(std::string_view value, const std::array<Prefix, N>& prefixes,
                       TokenKind otherwise) {
  for (const Prefix& prefix : prefixes) {
    if (value.starts_with(prefix.text)) return prefix.kind;
  }
  return otherwise;
}

/// GitLab's tokens from before it gave them prefixes: personal ones have 20 characters, OAuth ones
/// are 64 hexadecimal digits.
TokenKind KindOfGitlabShape(std::string_view value) {
  const bool hex = value.find_first_not_of("0123456789abcdef") == value.npos;
  if (hex && value.size() == 64) return TokenKind::kGitlabOauth;
  const bool word = std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  return word && value.size() == 20 ? TokenKind::kGitlabPat : TokenKind::kGeneric;
}

bool IsGitlabKind(TokenKind kind) {
  return kind == TokenKind::kGitlabPat || kind == TokenKind::kGitlabOauth ||
         kind == TokenKind::kGitlabJob;
}

/// The type that the source wrote before a GitLab token, or "".
std::string_view WrittenType(const Token& token) {
  if (!IsGitlabKind(KindOf(token))) return {};
  const std::string_view value = AsText(token.value.Expose());
  if (value.starts_with(kPat)) return kPat;
  if (value.starts_with(kOauth)) return kOauth;
  return {};
}

}  // namespace

bool IsGitlabHost(const Token& token) { return IsGitlabName(HostName(token)); }

TokenKind KindOf(const Token& token) {
  if (token.kind != TokenKind::kGeneric) return token.kind;
  const std::string name = HostName(token);
  const std::string_view value = AsText(token.value.Expose());
  const TokenKind by_host = KindOfHost(name);
  if (by_host == TokenKind::kGithub) return KindOfPrefix(value, kGithubPrefixes, by_host);
  if (by_host != TokenKind::kGeneric) return by_host;
  const TokenKind by_prefix = KindOfPrefix(value, kGitlabPrefixes, TokenKind::kGeneric);
  if (by_prefix != TokenKind::kGeneric || !IsGitlabName(name)) return by_prefix;
  return KindOfGitlabShape(value);
}

std::string GitUserOf(const Token& token) {
  if (!token.user.empty()) return token.user;
  switch (KindOf(token)) {
    case TokenKind::kGithub:  // takes any user
    case TokenKind::kGithubApp:
      return "x-access-token";
    case TokenKind::kGitlabJob:
      return "gitlab-ci-token";
    case TokenKind::kBitbucket:
      return "x-token-auth";
    case TokenKind::kGitlabPat:
    case TokenKind::kGitlabOauth:
    case TokenKind::kGitea:  // takes any user
    case TokenKind::kSourcehut:
    case TokenKind::kGeneric:
      return "oauth2";
  }
  return "oauth2";
}

ByteView BareToken(const Token& token) {
  return token.value.Expose().subspan(WrittenType(token).size());
}

std::string_view NixTokenType(const Token& token) {
  if (const std::string_view written = WrittenType(token); !written.empty()) return written;
  const TokenKind kind = KindOf(token);
  if (kind == TokenKind::kGitlabPat) return kPat;
  if (kind == TokenKind::kGitlabOauth) return kOauth;
  return {};
}

}  // namespace secretfs
