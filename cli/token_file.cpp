#include "cli/token_file.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "providers/token_json.h"

namespace secretfs {
namespace {

constexpr mode_t kNewMode = 0600;

}  // namespace

Result<TokenTable> LoadTokenFile(const std::string& path) {
  const SecretBytes text = TRY(ReadSecretFile(path, kMaxTokenFileBytes));
  return ParseTokenJson(text, path);
}

Status SaveTokenFile(const std::string& path, const TokenTable& table) {
  const SecretBytes text = TRY(PrintTokenJson(table));
  if (text.size() > kMaxTokenFileBytes) {
    return Error{Code::kTooLarge, "the file would be over 1 MiB", path, "remove tokens first"};
  }
  return ReplaceFile(path, text.Expose(), kNewMode);
}

bool ApplyTokenEdit(TokenTable& table, TokenEdit edit) {
  auto token = std::find_if(table.begin(), table.end(),
                            [&](const Token& known) { return known.host == edit.host; });
  bool changed = false;
  if (token == table.end()) {
    token = table.insert(token, Token{edit.host, "", TokenKind::kGeneric, SecretBytes{}});
    changed = true;
  }
  if (edit.user && *edit.user != token->user) {
    token->user = *edit.user;
    changed = true;
  }
  if (edit.kind && *edit.kind != token->kind) {
    token->kind = *edit.kind;
    changed = true;
  }
  if (!ConstantTimeEqual(edit.value.Expose(), token->value.Expose())) {
    token->value = std::move(edit.value);
    changed = true;
  }
  return changed;
}

Status RemoveToken(TokenTable& table, const std::string& host) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Token& token) { return token.host == host; });
  if (found == table.end()) {
    std::vector<std::string> hosts;
    for (size_t i = 0; i < table.size(); ++i) hosts.push_back(NameForPeople(table, i));
    return Error{Code::kNotFound, "no token for " + Quote(host), "",
                 SuggestFrom(host, hosts, "hosts")};
  }
  table.erase(found);
  return Ok{};
}

}  // namespace secretfs
