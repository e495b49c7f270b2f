// Editing a token JSON file: the old file or the new one at any moment.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "core/token.h"

namespace secretfs {

/// Errors: of the file and of its text (providers/token_json.h).
Result<TokenTable> LoadTokenFile(const std::string& path);
/// A new file gets mode 0600; an old one keeps its owner and mode.
Status SaveTokenFile(const std::string& path, const TokenTable& table);

/// What `tokens set` was told. What is absent stays as it is.
struct TokenEdit {
  std::string host;
  std::optional<std::string> user;  // "" takes it away
  std::optional<TokenKind> kind;
  SecretBytes value;
};

/// Whether anything changed.
bool ApplyTokenEdit(TokenTable& table, TokenEdit edit);
/// Errors: kNotFound, with a host that may have been meant.
Status RemoveToken(TokenTable& table, const std::string& host);

}  // namespace secretfs
