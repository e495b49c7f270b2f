// Tokens of 1Password service accounts, looked at without asking anybody: "ops_" and base64url of
// a JSON object. One that was cut, or is a token of another kind, is told so before any request.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::remote {

/// What of a token may be shown.
struct ServiceToken {
  std::string email;    // of the service account
  std::string address;  // of the account's server
};

/// `where` is the token's file. Errors: kRefused with a hint, never with any of the token;
/// kResource.
Result<ServiceToken> CheckServiceToken(ByteView token, const std::string& where);

}  // namespace secretfs::remote
