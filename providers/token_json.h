// The token JSON: {"HOST": "TOKEN"}, or {"HOST": {"token": ..., "user": ..., "kind": ...}} where
// more is known (secretfs.yaml(5), TOKENS). Pure. The text is never kept outside secret memory for
// longer than the call, and no error quotes any of it but hosts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "core/token.h"

namespace secretfs {

/// The largest token file that is read or written.
constexpr size_t kMaxTokenFileBytes = size_t{1} << 20U;

/// "github", "gitlab-pat", ...; the names that `kind` may have.
std::string_view TokenKindName(TokenKind kind) noexcept;
std::optional<TokenKind> TokenKindFromName(std::string_view name) noexcept;
std::vector<std::string> TokenKindNames();

/// `file` is for messages. Duplicate hosts, unknown keys, empty tokens and anything but JSON are
/// errors; a token that some program cannot read is not. Errors: kInvalid with "file:line:column"
/// in `where`; kTooLarge over 10,000 hosts; kResource.
Result<TokenTable> ParseTokenJson(const SecretBytes& text, const std::string& file);

/// In the table's order, indented by two spaces; parsing it gives the table again. Errors: as of
/// ParseTokenJson(), when it would not (a token that is empty or not UTF-8, a host twice).
Result<SecretBytes> PrintTokenJson(const TokenTable& table);

}  // namespace secretfs
