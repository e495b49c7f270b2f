// git's request and the file of credentials are anybody's bytes: an answer is two lines or nothing.
#include <cstdint>
#include <cstdlib>

#include "cli/credential_match.h"
#include "providers/token_json.h"

namespace {

using namespace secretfs;

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckAnswer(const Result<SecretBytes>& answer) {
  Check(answer.has_value());
  const std::string_view text = AsText(answer->Expose());
  if (text.empty()) return;
  const size_t end = text.find('\n');
  Check(text.starts_with("username=") && end > sizeof("username=") - 1);
  Check(text.substr(end + 1).starts_with("password="));
  Check(text.find('\n', end + 1) == text.size() - 1 && text.find('\r') == text.npos);
}

}  // namespace

/// A request up to the first blank line, then the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find("\n\n"), text.size());
  const auto request = ParseCredentialRequest(AsBytes(text.substr(0, end)));
  if (!request) return 0;
  const std::string_view file = text.substr(std::min(end + 2, text.size()));
  CheckAnswer(AnswerFromLines(AsBytes(file), *request));
  const auto table = ParseTokenJson(*SecretBytes::CopyOf(AsBytes(file)), "f");
  if (!table) return 0;
  const auto answer = AnswerFromTokens(*table, *request);
  if (answer) CheckAnswer(answer);
  return 0;
}
