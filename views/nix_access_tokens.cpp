// `nix-access-tokens`: a line for nix.conf, to be named there by `!include`.
//
// nix (src/libutil/configuration.cc) cuts a line at the first '#', splits it at blanks, tabs and
// \r, and wants "=" as a word of its own; there is no quoting. Each further word is HOST=TOKEN,
// split at its first '='; the first of two equal hosts wins. `access-tokens` would replace the
// tokens that other files set, `extra-access-tokens` adds to them.
//
// The token goes into an HTTP header (src/libfetchers/github.cc). For GitLab it is TYPE:TOKEN, and
// without a type nix would send the token as a header's name. Hosts without a fetcher for archives
// never see it.
#include <algorithm>

#include "views/token_kind.h"
#include "views/token_view.h"

namespace secretfs {
namespace {

bool IsWordByte(char c) { return c > ' ' && c < 0x7f && c != '#'; }

class NixAccessTokensView final : public TokenView {
  [[nodiscard]] Selection Select(const TokenTable& table) const override {
    return SelectForNix(table);
  }
  void Write(SecretBuilder& out, std::span<const UsableToken> tokens) const override {
    out.Append(tokens.empty() ? "# no access tokens that nix could use" : "extra-access-tokens =");
    for (const UsableToken& entry : tokens) {
      out.Append(' ').Append(entry.host.Text()).Append('=');
      out.Append(NixTokenType(*entry.token)).Append(BareToken(*entry.token));
    }
    out.Append('\n');
  }
};

/// Whether nix fetches archives from such a host and could use a token there.
bool HasFetcher(const Token& token) {
  switch (KindOf(token)) {
    case TokenKind::kGithub:
    case TokenKind::kGithubApp:
    case TokenKind::kGitlabPat:
    case TokenKind::kGitlabOauth:
    case TokenKind::kGitlabJob:
    case TokenKind::kSourcehut:
      return true;
    case TokenKind::kGeneric:
      return IsGitlabHost(token);
    case TokenKind::kGitea:
    case TokenKind::kBitbucket:
      return false;
  }
  return false;
}

std::optional<Unfit> UnfitForNix(const Token& token) {
  if (auto unfit = UnfitForAnyFormat(token)) return unfit;
  if (!HasFetcher(token)) {
    return Unfit{
        "nix has no fetcher for this host; if it is a GitHub, GitLab or SourceHut, set 'kind'",
        true};
  }
  const std::string_view value = AsText(BareToken(token));
  if (!std::all_of(value.begin(), value.end(), IsWordByte)) {
    return Unfit{
        "the token has a blank, a '#', a control character or a byte outside ASCII, which nix.conf "
        "has no way to write"};
  }
  const TokenKind kind = KindOf(token);
  if (kind == TokenKind::kGeneric) {
    return Unfit{
        "the kind of this GitLab token is unknown, and nix needs it; set 'kind' to gitlab-pat or "
        "gitlab-oauth"};
  }
  if (kind == TokenKind::kGitlabJob && NixTokenType(token).empty()) {
    return Unfit{"nix cannot use a GitLab job token", true};
  }
  return std::nullopt;
}

}  // namespace

Selection SelectForNix(const TokenTable& table) {
  return SelectTokens(table, &UnfitForNix, [](const HostParts& host) { return host.Text(); });
}

Result<std::unique_ptr<const View>> MakeNixAccessTokensView(const ViewConfig& /*config*/) {
  return std::unique_ptr<const View>(std::make_unique<NixAccessTokensView>());
}

}  // namespace secretfs
