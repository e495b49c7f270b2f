#include "crypto/passphrase.h"

#include <utility>

namespace secretfs::age {
namespace {

constexpr std::string_view kHowToGive =
    "give the passphrase: `passphrase:` beside the identity in the configuration, or "
    "--passphrase-fd N";

}  // namespace

Result<std::vector<SecretPtr>> PassphrasesFor(const AskPassphrases& ask, const std::string& of) {
  if (!ask) return Error{Code::kNoMatch, "no passphrase was given", "", std::string(kHowToGive)};
  auto passphrases = ask(of);
  if (!passphrases) {
    Error& error = passphrases.error();
    return Error{Code::kNoMatch, "no passphrase: " + error.Text(), "", std::move(error.hint)};
  }
  std::erase_if(*passphrases,
                [](const SecretPtr& secret) { return secret == nullptr || secret->empty(); });
  if (passphrases->empty()) return Error{Code::kNoMatch, "the passphrase is empty", "", ""};
  return passphrases;
}

}  // namespace secretfs::age
