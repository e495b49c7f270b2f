#include "cli/passphrase.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/terminal.h"
#include "providers/passphrase_file.h"

namespace secretfs {
namespace {

constexpr const char* kVariable = "AGE_PASSPHRASE";  // as age-plugin-batchpass has it

/// Takes it out of the environment, where children and /proc would have it too.
Result<SecretPtr> TakeVariable() {
  char* value = std::getenv(kVariable);
  if (value == nullptr) return SecretPtr();
  const ByteSpan bytes(reinterpret_cast<std::byte*>(value), std::strlen(value));
  auto copy = SecretBytes::CopyOf(bytes);
  Wipe(bytes);
  ::unsetenv(kVariable);
  return FirstLine(TRY(std::move(copy)), std::string("$") + kVariable);
}

Result<SecretPtr> ReadCredential(const std::string& name) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return Error{Code::kNotFound, "systemd gave no credentials, so not " + Quote(name) + " either",
                 "", "add LoadCredential=" + name + ":PATH to the unit"};
  }
  if (name.find('/') != std::string::npos) {
    return Error{Code::kInvalid, Quote(name) + " is not the name of a credential", "", ""};
  }
  return ReadPassphraseFile(std::string(folder) + "/" + name);
}

Result<UniqueFd> OpenTerminal(std::string without) {
  UniqueFd terminal(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (terminal) return terminal;
  return Error{
      Code::kNotFound, std::move(without), "",
      "give --passphrase-fd N or --passphrase-credential NAME, set $AGE_PASSPHRASE, or run "
      "this in a terminal"};
}

Result<SecretPtr> AskOnce(const UniqueFd& terminal, const std::string& prompt) {
  return FirstLine(TRY(AskTerminal(terminal.get(), terminal.get(), prompt)), "the terminal");
}

}  // namespace

void PassphraseSource::AddOptions(CLI::App& app) {
  app.add_option("--passphrase-fd", fds_, "a descriptor to read a passphrase from; may be repeated")
      ->type_name("N")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--passphrase-credential", credentials_,
                 "a systemd credential that is a passphrase; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void PassphraseSource::AddStdinUses(StdinUse& use) const {
  for (const int fd : fds_) {
    if (fd == STDIN_FILENO) use.Add("--passphrase-fd 0");
  }
}

Status PassphraseSource::ReadGiven() {
  if (read_) return Ok{};
  for (const int fd : fds_) {
    given_.push_back(TRY(ReadPassphrase(fd, "descriptor " + std::to_string(fd))));
  }
  for (const std::string& name : credentials_) given_.push_back(TRY(ReadCredential(name)));
  if (SecretPtr variable = TRY(TakeVariable())) given_.push_back(std::move(variable));
  read_ = true;
  return Ok{};
}

Result<std::vector<SecretPtr>> PassphraseSource::Ask(const std::string& of) {
  const std::lock_guard lock(mutex_);
  TRY(ReadGiven());
  if (!given_.empty()) return given_;
  const UniqueFd terminal = TRY(OpenTerminal("none was given"));
  std::vector<SecretPtr> typed;
  typed.push_back(TRY(AskOnce(terminal, "Passphrase for " + of + ": ")));
  return typed;
}

Result<SecretPtr> PassphraseSource::AskNew(const std::string& of) {
  const std::lock_guard lock(mutex_);
  TRY(ReadGiven());
  if (given_.size() > 1) {
    return Error{Code::kInvalid, "more than one passphrase was given for " + of, "", ""};
  }
  if (!given_.empty()) return given_.front();
  const UniqueFd terminal = TRY(OpenTerminal("no passphrase was given for " + of));
  SecretPtr first = TRY(AskOnce(terminal, "New passphrase for " + of + ": "));
  const SecretPtr again = TRY(AskOnce(terminal, "The same again: "));
  if (!ConstantTimeEqual(first->Expose(), again->Expose())) {
    return Error{Code::kInvalid, "the two passphrases are not the same", "", ""};
  }
  return first;
}

age::AskPassphrases AskFrom(const std::shared_ptr<PassphraseSource>& source) {
  return [source](const std::string& of) { return source->Ask(of); };
}

}  // namespace secretfs
