// `git-credentials`: lines for `git credential-store --file` and `secretfs git-credential`.
//
// git (credential.c, builtin/credential-store.c) reads https://USER:PASSWORD@HOST[:PORT][/PATH],
// percent-decodes every part, drops a line with a newline in any part, and takes the first line
// that matches. A request without a path (credential.useHttpPath is off) matches a line with any
// path, so the lines without one come first: a token for one owner must not answer for the whole
// host. A request with a path matches only a line with exactly that path; `secretfs git-credential`
// is kinder there.
#include "views/escape.h"
#include "views/token_kind.h"
#include "views/token_view.h"

namespace secretfs {
namespace {

/// git hands these between its programs as lines, and drops what cannot be one.
bool HasLineBreak(ByteView bytes) {
  using namespace std::string_view_literals;
  return AsText(bytes).find_first_of("\n\r\0"sv) != std::string_view::npos;
}

void AppendLine(SecretBuilder& out, const UsableToken& entry) {
  out.Append("https://");
  AppendPercentEncoded(out, AsBytes(GitUserOf(*entry.token)));
  out.Append(':');
  AppendPercentEncoded(out, BareToken(*entry.token));
  out.Append('@').Append(entry.host.Text()).Append('\n');
}

class GitCredentialsView final : public TokenView {
  [[nodiscard]] Selection Select(const TokenTable& table) const override {
    return SelectForGit(table);
  }
  void Write(SecretBuilder& out, std::span<const UsableToken> tokens) const override {
    for (const UsableToken& entry : tokens) {
      if (entry.host.path.empty()) AppendLine(out, entry);
    }
    for (const UsableToken& entry : tokens) {
      if (!entry.host.path.empty()) AppendLine(out, entry);
    }
  }
};

}  // namespace

std::optional<Unfit> UnfitForGit(const Token& token) {
  if (auto unfit = UnfitForAnyFormat(token)) return unfit;
  if (HasLineBreak(BareToken(token))) {
    return Unfit{"the token has a line break or a NUL, which git takes nowhere"};
  }
  if (HasLineBreak(AsBytes(token.user))) {
    return Unfit{"the user has a line break or a NUL, which git takes nowhere"};
  }
  return std::nullopt;
}

Selection SelectForGit(const TokenTable& table) {
  return SelectTokens(table, &UnfitForGit, [](const HostParts& host) { return host.Text(); });
}

Result<std::unique_ptr<const View>> MakeGitCredentialsView(const ViewConfig& /*config*/) {
  return std::unique_ptr<const View>(std::make_unique<GitCredentialsView>());
}

}  // namespace secretfs
