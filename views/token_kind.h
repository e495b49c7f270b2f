// What a token is, where its source does not say: told by the host's name and by the token's own
// first characters. The one place for it, so that every view and command agrees. Pure.
#pragma once

#include <string>

#include "base/bytes.h"
#include "core/token.h"

namespace secretfs {

/// Token::kind, or else what the host and the token's shape tell; kGeneric when they do not.
TokenKind KindOf(const Token& token);

/// Whether the host is a GitLab by its name, whatever its token is.
bool IsGitlabHost(const Token& token);

/// The user for HTTP basic authentication; never empty.
std::string GitUserOf(const Token& token);

/// The token without the type that nix wants before a GitLab token ("PAT:", "OAuth2:"), if the
/// source wrote it down.
ByteView BareToken(const Token& token);

/// "PAT:" or "OAuth2:" when nix needs it before BareToken(), else "". A type that the source wrote
/// down goes before the kind.
std::string_view NixTokenType(const Token& token);

}  // namespace secretfs
