// `secretfs import`: rules and a configuration from agenix's secrets.nix, a configuration from
// OpNix's secrets.json.
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
#include "cli/opnix.h"
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

struct OpnixOptions {
  std::string file;
  std::string output;
  OpnixTerms terms{"onepassword", kOpnixFolder, "/run/secrets"};
  std::string token_file = kOpnixToken;
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

Result<std::string> ConvertOpnix(const OpnixOptions& options) {
  if (!options.terms.output_dir.starts_with('/'))
    return Error{Code::kInvalid, "--output-dir needs an absolute path", options.terms.output_dir,
                 ""};
  const Bytes json = TRY(ReadFile(options.file, YamlLimits{}.bytes));
  const std::string name = std::filesystem::path(options.file).filename();
  const auto read = TRY(ReadOpnix({options.file, "/", AsText(json)}, options.terms));
  for (const std::string& warning : read.warnings) ui::Warn(warning);
  return OpnixConfig(read, {name, options.terms.source, options.token_file});
}

Status WriteOut(const std::string& text, const std::string& file) {
  OutputFile output = TRY(OutputFile::Open(file, PublicMode()));
  TRY(output.Write(AsBytes(text)));
  return output.Commit();
}

Status Import(const Options& options) { return WriteOut(TRY(Convert(options)), options.output); }

Status ImportOpnix(const OpnixOptions& options) {
  return WriteOut(TRY(ConvertOpnix(options)), options.output);
}

ExitCode CodeOf(const Status& done) { return done ? ExitCode::kDone : ui::Fail(done.error()); }

void AddAgenix(CLI::App& app, Options& options) {
  app.add_option("FILE", options.file, "secrets.nix")->required();
  app.add_flag("--config", options.config, "print the secrets of a configuration instead of rules");
  app.add_option("-o,--output", options.output, "write here")->type_name("FILE");
}

void AddOpnix(CLI::App& app, OpnixOptions& options) {
  app.add_option("FILE", options.file, "secrets.json")->required();
  app.add_option("--output-dir", options.terms.output_dir, "where OpNix puts its files")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--mount", options.terms.mount_point, "where secretfs will be mounted")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--source", options.terms.source, "what the source is called")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--token-file", options.token_file, "that has the service account's token")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("-o,--output", options.output, "write here")->type_name("FILE");
}

}  // namespace

Command ImportCommand() {
  return {"import", "make rules or a configuration from what another tool has", [](CLI::App& app) {
            const auto agenix = std::make_shared<Options>();
            const auto opnix = std::make_shared<OpnixOptions>();
            app.require_subcommand(1);
            AddAgenix(
                *app.add_subcommand("agenix", "from agenix's secrets.nix, by nix-instantiate"),
                *agenix);
            const CLI::App* of_opnix = app.add_subcommand("opnix", "from OpNix's secrets.json");
            AddOpnix(*app.get_subcommand("opnix"), *opnix);
            return [agenix, opnix, of_opnix] {
              return CodeOf(of_opnix->parsed() ? ImportOpnix(*opnix) : Import(*agenix));
            };
          }};
}

}  // namespace secretfs
