#include "views/token_view.h"

#include <set>

#include "base/text.h"
#include "views/token_kind.h"

namespace secretfs {

std::vector<UsableToken> SelectTokens(const TokenTable& table,
                                      std::optional<LeftOut> (*leaves_out)(const Token&),
                                      const std::function<std::string(const HostParts&)>& key,
                                      std::vector<std::string>& notes) {
  std::vector<UsableToken> usable;
  std::set<std::string> seen;
  for (const Token& token : table) {
    if (const auto left_out = leaves_out(token)) {
      notes.push_back(TokenNote(token, left_out->reason));
      continue;
    }
    const auto host = ParseHost(token.host);
    if (!host) continue;  // leaves_out() has said so
    if (!seen.insert(key(*host)).second) {
      notes.push_back(TokenNote(token, "an entry before it is for " + Quote(key(*host)) + " too"));
      continue;
    }
    usable.push_back({&token, *host});
  }
  return usable;
}

std::string TokenNote(const Token& token, const std::string& reason) {
  return Quote(token.host) + ": " + reason;
}

std::optional<LeftOut> UnfitForAnyFormat(const Token& token) {
  if (!ParseHost(token.host)) {
    return LeftOut{"the host is not of the form HOST[:PORT][/PATH], without https:// and in ASCII"};
  }
  if (BareToken(token).empty()) return LeftOut{"the token is empty"};
  return std::nullopt;
}

Result<Value> StartSourceView(std::span<const ViewInput> inputs) {
  if (inputs.size() != 1) {
    return Error{Code::kInvalid, "a view of tokens is made from one source", "", ""};
  }
  Value value;
  value.modified = inputs.front().value.modified;
  return value;
}

}  // namespace secretfs
