// `secretfs import agenix`: rules and a configuration from agenix's secrets.nix.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/child_process.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/agenix.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/rules_file.h"
#include "cli/ui.h"
#include "crypto/recipient_file.h"

namespace secretfs {
namespace {

constexpr size_t kMaxJsonBytes = size_t{64} << 20;

struct Options {
  std::string file;
  std::string output;
  bool config = false;
};

/// The absolute folders of $PATH.
std::vector<std::string_view> PathFolders() {
  const char* path = std::getenv("PATH");
  std::vector<std::string_view> folders;
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    if (rest.starts_with('/')) folders.push_back(rest.substr(0, colon));
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  }
  return folders;
}

/// Nix reads much of it; a passphrase is none of its business.
std::vector<std::string> EnvironmentForNix() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("AGE_PASSPHRASE="))
      variables.emplace_back(*variable);
  }
  return variables;
}

Result<Bytes> Evaluate(const std::string& file) {
  auto program = FindProgram(PathFolders(), "nix-instantiate");
  if (!program) {
    program.error().hint = "import needs nix-instantiate, of nix, in $PATH";
    return std::move(program).error();
  }
  ChildOptions options;
  options.program = *program;
  options.arguments = {"--eval", "--strict", "--json", file};
  options.environment = EnvironmentForNix();
  const auto nix = TRY(ChildProcess::Start(options));
  nix->CloseInput();
  Bytes json = TRY(nix->ReadAll(kMaxJsonBytes, kNoDeadline));
  const ChildEnd end = TRY(nix->Wait(kNoDeadline));
  if (end.Well()) return json;
  return Error{Code::kInvalid, "nix-instantiate cannot evaluate it (" + end.Text() + ")", file,
               "what it said is above"};
}

/// The rules are written all the same: who mends a key finds it there. What only a plugin, or only
/// a newer build can check, is left to encrypting.
void WarnOfKeys(const std::vector<AgenixFile>& files) {
  for (const AgenixFile& file : files) {
    for (const std::string& key : file.keys) {
      const auto recipient = age::ParseRecipient(key, nullptr);
      if (recipient || recipient.error().code != Code::kInvalid) continue;
      ui::Warn(Printable(file.path) + ": a key cannot be encrypted to: " + recipient.error().what,
               recipient.error().hint);
    }
  }
}

Result<std::string> Convert(const Options& options) {
  TRY(StampOf(options.file));
  const std::string folder = TRY(FolderOf(options.file));
  const std::string name = std::filesystem::path(options.file).filename();
  const Bytes json = TRY(Evaluate(folder + "/" + name));
  const auto files = TRY(ParseAgenix(AsText(json), options.file));
  if (!options.config) {
    WarnOfKeys(files);
    return AgenixRules(files, name);
  }
  AgenixConfig config = AgenixSecrets(files, folder, name);
  for (const std::string& path : config.left_out)
    ui::Warn(path + ": left out, since its name cannot be that of a secret");
  return std::move(config.text);
}

Status Import(const Options& options) {
  const std::string text = TRY(Convert(options));
  OutputFile output = TRY(OutputFile::Open(options.output, PublicMode()));
  TRY(output.Write(AsBytes(text)));
  return output.Commit();
}

}  // namespace

Command ImportCommand() {
  return {"import", "make rules from what another tool has", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            app.require_subcommand(1);
            CLI::App* agenix =
                app.add_subcommand("agenix", "from agenix's secrets.nix, by nix-instantiate");
            agenix->add_option("FILE", options->file, "secrets.nix")->required();
            agenix->add_flag("--config", options->config,
                             "print the secrets of a configuration instead of rules");
            agenix->add_option("-o,--output", options->output, "write here")->type_name("FILE");
            return [options] {
              const Status done = Import(*options);
              return done ? ExitCode::kDone : ui::Fail(done.error());
            };
          }};
}

}  // namespace secretfs
