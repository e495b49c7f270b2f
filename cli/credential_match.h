// git's credential protocol (git-credential(1), gitcredentials(7)) without its pipes: what git
// asks, and the answer from a file of git-credential-store's lines or from a table of tokens. Pure.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "core/token.h"

namespace secretfs {

/// Empty where git does not say. Of what git sends, a password is skipped where it stands.
struct CredentialRequest {
  std::string protocol;
  std::string host;  // HOST[:PORT]
  std::string path;  // without slashes at its ends; only with credential.useHttpPath
  std::string username;
};

/// KEY=VALUE lines up to a blank one; unknown keys are passed over. Errors: kInvalid for a line of
/// another form.
Result<CredentialRequest> ParseCredentialRequest(ByteView text);

/// Both find the entry for the request's protocol, host, port and (if it names one) user, and give
/// "username=...\npassword=...\n", or nothing when none matches. A request without a path matches
/// entries of any, those without one first. A request with a path matches entries whose path leads
/// to it (org for org/repo.git), the longest first, and then those without one. Among equals the
/// first wins. A request without a protocol or host matches nothing.

/// Lines as git-credential-store(1) keeps them; others are passed over. Errors: kResource.
Result<SecretBytes> AnswerFromLines(ByteView lines, const CredentialRequest& request);
/// Tokens are for https. Errors: kInvalid when git cannot be given the token that matches;
/// kResource.
Result<SecretBytes> AnswerFromTokens(const TokenTable& table, const CredentialRequest& request);

}  // namespace secretfs
