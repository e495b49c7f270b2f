#include "providers/tokens.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "providers/source_file.h"
#include "providers/token_json.h"

namespace secretfs {
namespace {

class TokensProvider final : public Provider {
 public:
  explicit TokensProvider(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] std::string DocumentOf(const std::string& /*host*/) const override { return ""; }

  [[nodiscard]] std::vector<std::string> FilesOf(const std::string& /*document*/) const override {
    return {path_};
  }

  Result<Value> Fetch(const FetchRequest& /*request*/, SteadyTime /*deadline*/,
                      std::stop_token /*stop*/) override {
    const UniqueFd fd = TRY(OpenSource(path_));
    Value value;
    value.modified = TRY(StampOf(fd.get(), path_)).modified;
    const SecretBytes text = TRY(ReadAllSecret(fd.get(), kMaxTokenFileBytes, path_));
    value.tokens = TRY(ParseTokenJson(text, path_));
    return value;
  }

  [[nodiscard]] Result<Value> Select(const Value& document,
                                     const std::string& host) const override {
    std::vector<std::string> hosts;
    for (size_t i = 0; i < document.tokens.size(); ++i) {
      const Token& token = document.tokens[i];
      if (token.host == host) {
        Value value;
        value.bytes = TRY(SecretBytes::CopyOf(token.value.Expose()));
        value.modified = document.modified;
        return value;
      }
      hosts.push_back(NameForPeople(document.tokens, i));
    }
    return Error{Code::kNotFound, "no token for " + Quote(host), path_,
                 SuggestFrom(host, hosts, "hosts")};
  }

 private:
  const std::string path_;
};

}  // namespace

std::unique_ptr<Provider> MakeTokensProvider(std::string path) {
  return std::make_unique<TokensProvider>(std::move(path));
}

}  // namespace secretfs
