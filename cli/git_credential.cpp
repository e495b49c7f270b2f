// `secretfs git-credential`: git's helper (gitcredentials(7), CUSTOM HELPERS). What it cannot
// answer it leaves to git: a warning, nothing on standard output, exit code 0.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/credential_match.h"
#include "cli/ui.h"
#include "providers/token_json.h"

namespace secretfs {
namespace {

constexpr const char* kDefaultFile = "/run/secrets/git/credentials";
constexpr size_t kLargestFile = size_t{4} << 20;
constexpr size_t kLargestRequest = size_t{256} * 1024;

struct Options {
  std::string file = kDefaultFile;
  std::string operation;
};

bool IsWholeRequest(ByteView bytes) {
  const std::string_view text = AsText(bytes);
  return text.starts_with('\n') || text.find("\n\n") != text.npos ||
         text.find("\n\r\n") != text.npos;
}

/// What git writes: up to a blank line or the end. It may have a password in it.
Result<SecretBytes> ReadRequest(int fd) {
  return SecretBytes::Make(kLargestRequest, [&](ByteSpan out) -> Result<size_t> {
    size_t size = 0;
    while (!IsWholeRequest(out.first(size))) {
      if (size == out.size()) {
        return Error{Code::kTooLarge, "larger than 256 KiB", "git's request", ""};
      }
      const ssize_t n = ::read(fd, out.data() + size, out.size() - size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return SystemError(errno, "cannot read", "git's request");
      if (n == 0) break;
      size += static_cast<size_t>(n);
    }
    return size;
  });
}

/// Says what to do where the system's words do not.
Error WithHint(Error error, const std::string& file) {
  if (!error.hint.empty()) return error;
  if (error.code == Code::kPermission) {
    error.hint = "let this user read it: `group` or `readers` in the configuration of secretfs";
  } else if (error.code == Code::kNotFound && file == kDefaultFile) {
    error.hint = "configure a view 'git/credentials' of format git-credentials, or use --from FILE";
  } else {
    error.hint = "--from wants a view of format git-credentials, or a token JSON";
  }
  return error;
}

Result<SecretBytes> AnswerFromFile(const std::string& file, const CredentialRequest& request) {
  const SecretBytes text = TRY(ReadSecretFile(file, kLargestFile));
  const std::string_view view = AsText(text.Expose());
  const size_t start = std::min(view.find_first_not_of(" \t\r\n"), view.size());
  if (!view.substr(start).starts_with('{')) return AnswerFromLines(text.Expose(), request);
  const TokenTable table = TRY(ParseTokenJson(text, file));
  return AnswerFromTokens(table, request);
}

Status Get(const Options& options, const CredentialRequest& request) {
  auto answer = AnswerFromFile(options.file, request);
  if (!answer) return WithHint(std::move(answer).error(), options.file);
  return ui::PrintSecret(*answer);
}

void Erase(const CredentialRequest& request) {
  if (request.host.empty()) return;
  ui::Warn("the server refused the token for " + Quote(request.host),
           "nothing was erased; if it stays so, give the host a new token");
}

Status Serve(const Options& options) {
  const SecretBytes text = TRY(ReadRequest(STDIN_FILENO));
  const CredentialRequest request = TRY(ParseCredentialRequest(text.Expose()));
  if (options.operation == "get") return Get(options, request);
  if (options.operation == "erase") Erase(request);
  return Ok{};
}

ExitCode Run(const Options& options) {
  const std::string& operation = options.operation;
  if (operation != "get" && operation != "store" && operation != "erase") return ExitCode::kDone;
  if (const Status served = Serve(options); !served) {
    ui::Warn(served.error().Text(), served.error().hint);
  }
  return ExitCode::kDone;
}

std::function<ExitCode()> Add(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  command.add_option("--from", options->file, "a view of format git-credentials, or a token JSON")
      ->capture_default_str();
  command.add_option("OPERATION", options->operation, "get, store or erase; git says which")
      ->required();
  return [options] { return Run(*options); };
}

}  // namespace

Command GitCredentialCommand() {
  return {"git-credential", "answer git's questions for credentials", &Add};
}

}  // namespace secretfs
