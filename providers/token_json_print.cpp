#include <array>

#include "providers/token_json.h"

namespace secretfs {
namespace {

struct KindName {
  TokenKind kind;
  std::string_view name;
};
constexpr std::array<KindName, 9> kKindNames{{{TokenKind::kGeneric, "generic"},
                                              {TokenKind::kGithub, "github"},
                                              {TokenKind::kGithubApp, "github-app"},
                                              {TokenKind::kGitlabPat, "gitlab-pat"},
                                              {TokenKind::kGitlabOauth, "gitlab-oauth"},
                                              {TokenKind::kGitlabJob, "gitlab-job"},
                                              {TokenKind::kGitea, "gitea"},
                                              {TokenKind::kBitbucket, "bitbucket"},
                                              {TokenKind::kSourcehut, "sourcehut"}}};

void AppendJsonString(SecretBuilder& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.Append('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.Append('\\').Append(c);
    } else if (byte < 0x20) {
      out.Append("\\u00").Append(kHex[byte >> 4U]).Append(kHex[byte & 15U]);
    } else {
      out.Append(c);
    }
  }
  out.Append('"');
}

void AppendMember(SecretBuilder& out, std::string_view name, std::string_view value) {
  out.Append(",\n    ");
  AppendJsonString(out, name);
  out.Append(": ");
  AppendJsonString(out, value);
}

void AppendToken(SecretBuilder& out, const Token& token) {
  out.Append("\n  ");
  AppendJsonString(out, token.host);
  const std::string_view value = AsText(token.value.Expose());
  const bool plain = token.user.empty() && token.kind == TokenKind::kGeneric;
  out.Append(plain ? ": " : ": {\n    \"token\": ");
  AppendJsonString(out, value);
  if (plain) return;
  if (!token.user.empty()) AppendMember(out, "user", token.user);
  if (token.kind != TokenKind::kGeneric) AppendMember(out, "kind", TokenKindName(token.kind));
  out.Append("\n  }");
}

}  // namespace

std::string_view TokenKindName(TokenKind kind) noexcept {
  for (const KindName& known : kKindNames) {
    if (known.kind == kind) return known.name;
  }
  return "generic";
}

std::optional<TokenKind> TokenKindFromName(std::string_view name) noexcept {
  for (const KindName& known : kKindNames) {
    if (known.name == name) return known.kind;
  }
  return std::nullopt;
}

std::vector<std::string> TokenKindNames() {
  std::vector<std::string> names;
  for (const KindName& known : kKindNames) names.emplace_back(known.name);
  return names;
}

Result<SecretBytes> PrintTokenJson(const TokenTable& table) {
  SecretBuilder out;
  out.Append('{');
  for (const Token& token : table) {
    if (&token != &table.front()) out.Append(',');
    AppendToken(out, token);
  }
  out.Append(table.empty() ? "}\n" : "\n}\n");
  SecretBytes text = TRY(out.Finish());
  // What was printed must be readable: the parser's rules are written down in one place.
  TRY(ParseTokenJson(text, "the new token file"));
  return text;
}

}  // namespace secretfs
