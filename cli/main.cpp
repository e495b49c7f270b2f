#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/command.h"
#include "cli/ui.h"
#include "crypto/hybrid.h"
#include "crypto/init.h"
#include "daemon/harden.h"

using namespace secretfs;

namespace {

/// Our messages begin in lower case; CLI11's do not. A name in capitals stays: "FILE is required".
std::string LowerFirst(std::string text) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() > 1 && is_capital(text[0]) && !is_capital(text[1])) {
    text.front() = static_cast<char>(text.front() - 'A' + 'a');
  }
  return text;
}

std::optional<Error> UnknownCommand(const std::string& word) {
  if (word.starts_with('-')) return std::nullopt;
  std::vector<std::string> names;
  for (const Command& command : Commands()) names.emplace_back(command.name);
  if (std::find(names.begin(), names.end(), word) != names.end()) return std::nullopt;
  return Error{Code::kInvalid, "unknown command " + Quote(word), "",
               SuggestFrom(word, names, "commands")};
}

/// The help of the command that was understood, down to its own: "tokens set".
std::string SeeHelp(const CLI::App& program) {
  std::string words = "secretfs";
  const CLI::App* app = &program;
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    words += " " + app->get_name();
  }
  return "see `" + words + " --help`";
}

/// An option's name is told, but neither its value nor any other argument.
Error Unexpected(const std::vector<std::string>& arguments, const std::string& hint) {
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word[0] == '-'; };
  const auto option = std::ranges::find_if(arguments, is_option);
  if (option == arguments.end()) {
    return {Code::kInvalid, "an argument that was not expected", "", hint};
  }
  const bool is_long = option->starts_with("--");
  const std::string name = is_long ? option->substr(0, option->find('=')) : option->substr(0, 2);
  return {Code::kInvalid, "unknown option " + Quote(name), "", hint};
}

}  // namespace

int main(int argc, char** argv) {
  // Before anything can touch a secret: no core dumps, and OpenSSL's memory is ours.
  HardenProcess();
  if (auto ready = InitCrypto(); !ready) return static_cast<int>(ui::Fail(ready.error()));

  CLI::App program(
      "secretfs serves a machine's secrets as files, each readable by exactly those who may",
      "secretfs");
  program.set_help_flag("-h,--help", "show this help");
  program.set_version_flag(
      "--version", "secretfs " SECRETFS_VERSION "\npost-quantum keys: " + age::HybridSupport(),
      "show the version");
  program.require_subcommand(1);
  program.footer("secretfs(1) describes the commands, secretfs.yaml(5) the configuration.");
  std::function<ExitCode()> run;
  for (const Command& command : Commands()) {
    CLI::App* sub = program.add_subcommand(command.name, command.summary);
    if (command.hidden) sub->group("");
    sub->callback([&run, body = command.add(*sub)] { run = body; });
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return program.exit(done);
  } catch (
      const CLI::ExtrasError&) {  // its text quotes the arguments, and a token may be among them
    const Error error =
        UnknownCommand(argv[1]).value_or(Unexpected(program.remaining(true), SeeHelp(program)));
    return static_cast<int>(ui::Fail(error, ExitCode::kUsage));
  } catch (const CLI::RequiredError& missing) {  // also for a word that is no command
    const Error error =
        UnknownCommand(argc > 1 ? argv[1] : "mount")
            .value_or(Error{Code::kInvalid, LowerFirst(missing.what()), "", SeeHelp(program)});
    return static_cast<int>(ui::Fail(error, ExitCode::kUsage));
  } catch (const CLI::ParseError& wrong) {
    const Error error{Code::kInvalid, LowerFirst(wrong.what()), "", SeeHelp(program)};
    return static_cast<int>(ui::Fail(error, ExitCode::kUsage));
  }
  return static_cast<int>(run());
}
