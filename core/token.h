// Access tokens of code hosts, as a token source gives them to the views that render them for nix,
// git and curl.
#pragma once

#include <string>
#include <vector>

#include "base/secret_bytes.h"

namespace secretfs {

/// What a host's token is, where its readers want it written differently.
enum class TokenKind {
  kGeneric,      // not said, and the host does not tell
  kGithub,       // personal access token
  kGithubApp,    // GitHub App or Actions token: git's user is x-access-token
  kGitlabPat,    // nix wants PAT:
  kGitlabOauth,  // nix wants OAuth2:
  kGitlabJob,    // git's user is gitlab-ci-token
  kGitea,        // Gitea and Forgejo; nix has no fetcher for them
  kBitbucket,    // git's user is x-token-auth
  kSourcehut,
};

struct Token {
  std::string host;  // HOST[:PORT][/PATH], as the file has it
  std::string user;  // empty: what the kind implies
  TokenKind kind = TokenKind::kGeneric;
  SecretBytes value;
};

using TokenTable = std::vector<Token>;  // in the file's order; hosts are unique

/// The name of the table's entry `index` for messages: its host, or "entry 3" when that is not
/// surely a host. Who puts the token where the host belongs, or a URL with it, must not find it in
/// a log.
std::string NameForPeople(const TokenTable& table, size_t index);

}  // namespace secretfs
