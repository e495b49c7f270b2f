// What the views of access tokens have in common. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "views/formats.h"

namespace secretfs {

/// A token that a format can express. The host's parts point into the token.
struct UsableToken {
  const Token* token;
  HostParts host;
};

/// The tokens of `table` that `leaves_out` lets pass, in order, and of those with one `key` the
/// first. The others go to `notes`.
std::vector<UsableToken> SelectTokens(const TokenTable& table,
                                      std::optional<LeftOut> (*leaves_out)(const Token&),
                                      const std::function<std::string(const HostParts&)>& key,
                                      std::vector<std::string>& notes);

/// A line of Value::notes.
std::string TokenNote(const Token& token, const std::string& reason);

/// What every format of tokens needs: a host of the known form, and a token.
std::optional<LeftOut> UnfitForAnyFormat(const Token& token);

/// The value of a source view before it is rendered. Errors: kInvalid when there is not one input.
Result<Value> StartSourceView(std::span<const ViewInput> inputs);

}  // namespace secretfs
