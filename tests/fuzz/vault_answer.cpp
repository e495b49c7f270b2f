// Any bytes as a reference and as Vault's answer. What is accepted gives each wanted secret once, a
// second look at the same version is unchanged, and no error has raw control characters.
#include "remote/vault_answer.h"

#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "remote/vault_ref.h"

namespace {

using namespace secretfs;
using namespace secretfs::remote;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckWords(const Error& error) {
  Require(!error.what.empty() && Printable(error.what) == error.what);
  Require(Printable(error.hint) == error.hint || error.code == Code::kInvalid);
}

}  // namespace

/// The first byte is the status, the first line the field.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr int kStatuses[] = {200, 404, 403, 500};
  HttpAnswer answer;
  answer.status = kStatuses[data[0] % 4];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string ref = "p#" + std::string(text.substr(0, text.find('\n')));
  text.remove_prefix(std::min(text.size(), ref.size() - 1));
  const auto parsed = ParseVaultReference(ref);
  if (!parsed) CheckWords(parsed.error());
  answer.body = SecretBytes::CopyOf(AsBytes(text)).value();
  Wanted wanted{"p", {ref, "p"}, ""};
  const auto given = ReadVaultAnswer(answer, wanted, "https://v: secret/p");
  if (!given) {
    CheckWords(given.error());
    return 0;
  }
  Require(answer.status == 200 && !given->unchanged && given->secrets.size() == 2);
  for (const FetchedSecret& secret : given->secrets)
    if (!secret.value) CheckWords(secret.value.error());
  wanted.version = given->version;
  const auto again = ReadVaultAnswer(answer, wanted, "https://v: secret/p");
  Require(again && again->unchanged == !given->version.empty());
  return 0;
}
