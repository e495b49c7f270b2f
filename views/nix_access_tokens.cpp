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

class NixAccessTokensView final : public View {
 public:
  [[nodiscard]] Result<Value> Render(std::span<const ViewInput> inputs) const override {
    Value value = TRY(StartSourceView(inputs));
    const auto usable = SelectTokens(
        inputs.front().value.tokens, &NixLeavesOut,
        [](const HostParts& host) { return host.Text(); }, value.notes);
    SecretBuilder out;
    out.Append(usable.empty() ? "# no access tokens that nix could use" : "extra-access-tokens =");
    for (const UsableToken& entry : usable) {
      out.Append(' ').Append(entry.host.Text()).Append('=');
      out.Append(NixTokenType(*entry.token)).Append(BareToken(*entry.token));
    }
    out.Append('\n');
    value.bytes = TRY(out.Finish());
    return value;
  }
};

}  // namespace

std::optional<LeftOut> NixLeavesOut(const Token& token) {
  if (auto unfit = UnfitForAnyFormat(token)) return unfit;
  const std::string_view value = AsText(BareToken(token));
  if (!std::all_of(value.begin(), value.end(), IsWordByte)) {
    return LeftOut{
        "the token has a blank, a '#', a control character or a byte outside ASCII, which nix.conf "
        "has no way to write"};
  }
  switch (KindOf(token)) {
    case TokenKind::kGithub:
    case TokenKind::kGithubApp:
    case TokenKind::kSourcehut:
      return std::nullopt;
    case TokenKind::kGitlabPat:
    case TokenKind::kGitlabOauth:
    case TokenKind::kGitlabJob:
      if (!NixTokenType(token).empty()) return std::nullopt;
      return LeftOut{"nix cannot use a GitLab job token", true};
    case TokenKind::kGitea:
    case TokenKind::kBitbucket:
    case TokenKind::kGeneric:
      break;
  }
  if (KindOf(token) == TokenKind::kGeneric && IsGitlabHost(token)) {
    return LeftOut{
        "the kind of this GitLab token is unknown, and nix needs it; set 'kind' to gitlab-pat or "
        "gitlab-oauth"};
  }
  return LeftOut{
      "nix has no fetcher for this host; if it is a GitHub, GitLab or SourceHut, set 'kind'", true};
}

std::unique_ptr<const View> MakeNixAccessTokensView() {
  return std::make_unique<NixAccessTokensView>();
}

}  // namespace secretfs
