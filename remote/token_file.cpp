#include "remote/token_file.h"

#include <algorithm>

#include "base/file.h"

namespace secretfs::remote {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsPrintable(char c) { return c > ' ' && c <= '~'; }

}  // namespace

Result<SecretBytes> ReadToken(const std::string& path) {
  auto content = ReadSecretFile(path, kMaxTokenBytes);
  if (!content && content.error().code == Code::kNotFound) {
    Error error{Code::kRefused, "there is no token", path, "put the token into this file"};
    error.may_come = true;
    return error;
  }
  if (!content) return std::move(content).error();
  std::string_view text = AsText(content->Expose());
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  if (text.empty()) {
    Error error{Code::kRefused, "the token is empty", path, "put the token into this file"};
    error.may_come = true;
    return error;
  }
  if (!std::ranges::all_of(text, IsPrintable)) {
    return Error{Code::kInvalid, "is not one token: it has blanks or control characters inside",
                 path, "the file holds the token and nothing else"};
  }
  return SecretBytes::CopyOf(AsBytes(text));
}

}  // namespace secretfs::remote
