#include "providers/tokens.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "providers/token_json.h"

namespace secretfs {
namespace {

constexpr size_t kLargestFile = size_t{1} << 20;

class TokensProvider final : public Provider {
 public:
  explicit TokensProvider(std::string path) : path_(std::move(path)) {}

  Result<Value> Fetch(const std::string& ref, SteadyTime /*deadline*/,
                      std::stop_token /*stop*/) override {
    const UniqueFd fd = TRY(OpenRegular(path_));
    Value value;
    value.modified = TRY(StampOf(fd.get(), path_)).modified;
    const SecretBytes text = TRY(ReadAllSecret(fd.get(), kLargestFile, path_));
    value.tokens = TRY(ParseTokenJson(text, path_));
    if (ref.empty()) return value;
    value.bytes = TRY(Take(std::move(value.tokens), ref));
    value.tokens.clear();
    return value;
  }

 private:
  [[nodiscard]] Result<SecretBytes> Take(TokenTable table, const std::string& host) const {
    std::vector<std::string> hosts;
    for (Token& token : table) {
      if (token.host == host) return std::move(token.value);
      hosts.push_back(token.host);
    }
    return Error{Code::kNotFound, "no token for " + Quote(host), path_,
                 SuggestFrom(host, hosts, "hosts")};
  }

  const std::string path_;
};

}  // namespace

std::unique_ptr<Provider> MakeTokensProvider(std::string path) {
  return std::make_unique<TokensProvider>(std::move(path));
}

}  // namespace secretfs
