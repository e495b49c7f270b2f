#include "cli/ui.h"

#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "base/text.h"

namespace secretfs::ui {
namespace {

void Say(std::string_view kind, std::string_view text) {
  const std::string line = "secretfs: " + std::string(kind) + ": " + Printable(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

ExitCode Fail(const Error& error, ExitCode code) {
  Say("error", error.Text());
  if (!error.hint.empty()) Say("hint", error.hint);
  return code;
}

ExitCode Fail(const Error& error) { return Fail(error, ExitCodeFor(error.code)); }

void Warn(std::string_view text, std::string_view hint) {
  Say("warning", text);
  if (!hint.empty()) Say("hint", hint);
}

void Note(std::string_view text) { Say("note", text); }

void Print(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

Status PrintSecret(const SecretBytes& secret) {
  std::fflush(stdout);
  return WriteAll(STDOUT_FILENO, secret.Expose(), "standard output");
}

}  // namespace secretfs::ui
