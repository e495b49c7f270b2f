#include "cli/token_input.h"

#include <unistd.h>

#include "base/file.h"
#include "cli/terminal.h"
#include "views/escape.h"

namespace secretfs {
namespace {

constexpr size_t kLargestToken = size_t{64} * 1024;

Error Refused(std::string what) {
  return {Code::kInvalid, std::move(what), "standard input",
          "give the token alone, as in: secretfs tokens set FILE HOST < TOKEN_FILE"};
}

}  // namespace

Result<SecretBytes> ReadToken(int fd, const std::string& prompt) {
  const SecretBytes input =
      TRY(::isatty(fd) == 1 ? AskTerminal(fd, STDERR_FILENO, prompt)
                            : ReadAllSecret(fd, kLargestToken, "standard input"));
  return CheckToken(input);
}

Result<SecretBytes> CheckToken(const SecretBytes& input) {
  ByteView token = input.Expose();
  if (AsText(token).ends_with('\n')) token = token.first(token.size() - 1);
  if (token.empty()) return Refused("the token is empty");
  if (HasControl(token)) return Refused("the token has a line break or another control character");
  if (!IsUtf8(token)) return Refused("the token is not UTF-8, and JSON can hold nothing else");
  return SecretBytes::CopyOf(token);
}

}  // namespace secretfs
