#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/ui.h"
#include "crypto/init.h"
#include "daemon/harden.h"

namespace {

/// Our messages begin in lower case; CLI11's do not.
std::string LowerFirst(std::string text) {
  if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z') {
    text.front() = static_cast<char>(text.front() - 'A' + 'a');
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace secretfs;
  // Before anything can touch a secret: no core dumps, and OpenSSL's memory is ours.
  HardenProcess();
  if (auto ready = InitCrypto(); !ready) return static_cast<int>(ui::Fail(ready.error()));

  CLI::App program(
      "secretfs serves a machine's secrets as files, each readable by exactly those who may",
      "secretfs");
  program.set_help_flag("-h,--help", "show this help");
  program.set_version_flag("--version", "secretfs " SECRETFS_VERSION, "show the version");
  program.require_subcommand(1);
  program.footer("secretfs(1) describes the commands, secretfs.yaml(5) the configuration.");
  std::function<ExitCode()> run;
  for (const Command& command : Commands()) {
    CLI::App* sub = program.add_subcommand(command.name, command.summary);
    sub->callback([&run, body = command.add(*sub)] { run = body; });
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return program.exit(done);
  } catch (const CLI::ParseError& wrong) {
    const Error error{Code::kInvalid, LowerFirst(wrong.what()), "", "see `secretfs --help`"};
    return static_cast<int>(ui::Fail(error, ExitCode::kUsage));
  }
  return static_cast<int>(run());
}
