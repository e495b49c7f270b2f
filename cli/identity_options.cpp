#include "cli/identity_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

#include "base/child_groups.h"
#include "base/file.h"
#include "cli/input_file.h"
#include "cli/ui.h"
#include "crypto/file_key.h"
#include "providers/plugin_process.h"

namespace secretfs {
namespace {

Result<age::ParsedIdentities> ReadFrom(const std::string& file, const age::IdentityHelp& help) {
  const InputFile input = TRY(InputFile::Open(file));
  const SecretBytes content =
      TRY(ReadAllSecret(input.fd(), age::kMaxIdentityFileBytes, input.name()));
  return age::ParseIdentityFile(content, input.name(), help);
}

/// Null without a folder. A person has more time than the daemon's readers.
age::PluginHostPtr PluginsIn(const std::string& folder, age::AskPassphrases ask) {
  if (folder.empty()) return nullptr;
  EndChildrenOnSignals();
  PluginProcessOptions options;
  options.folder = std::filesystem::absolute(folder).string();
  options.timeout = std::chrono::minutes(5);
  options.other_secrets = std::move(ask);
  options.said = [](const std::string& plugin, std::string_view text) {
    ui::Note("age-plugin-" + plugin + ": " + std::string(text));
  };
  return MakePluginProcessHost(std::move(options));
}

}  // namespace

void IdentityOptions::AddTo(CLI::App& app) {
  app.add_option("-i,--identity", files_,
                 "a file with age identities or an SSH private key; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  AddHelpTo(app);
}

void IdentityOptions::AddHelpTo(CLI::App& app) {
  passphrases_->AddOptions(app);
  app.add_option("--plugin-dir", plugin_folder_, "the folder with age plugins")->type_name("DIR");
}

void IdentityOptions::AddStdinUses(StdinUse& use) const {
  use.AddFiles(files_, "-i");
  passphrases_->AddStdinUses(use);
}

age::IdentityHelp IdentityOptions::Help() const {
  return {AskFrom(passphrases_), PluginsIn(plugin_folder_, AskFrom(passphrases_))};
}

Result<std::vector<age::IdentityPtr>> IdentityOptions::Read(
    const std::vector<std::string>& defaults) const {
  const age::IdentityHelp help = Help();
  std::vector<age::IdentityPtr> identities;
  std::vector<Error> problems;
  for (const std::string& file : files_.empty() ? defaults : files_) {
    auto parsed = ReadFrom(file, help);
    if (!parsed) {
      problems.push_back(std::move(parsed).error());
      continue;
    }
    identities.insert(identities.end(), parsed->identities.begin(), parsed->identities.end());
    problems.insert(problems.end(), parsed->problems.begin(), parsed->problems.end());
  }
  if (identities.empty() && problems.size() == 1) return std::move(problems.front());
  for (const Error& problem : problems) ui::Warn(problem.Text(), problem.hint);
  if (identities.empty() && !problems.empty()) {
    return Error{Code::kInvalid, "none of the files gives an identity", "",
                 "the reasons are above"};
  }
  return identities;
}

Result<std::vector<age::IdentityPtr>> IdentityOptions::ReadAll(
    const std::vector<std::string>& files) const {
  const age::IdentityHelp help = Help();
  std::vector<age::IdentityPtr> identities;
  for (const std::string& file : files) {
    auto parsed = TRY(ReadFrom(file, help));
    if (!parsed.problems.empty()) return std::move(parsed.problems.front());
    identities.insert(identities.end(), parsed.identities.begin(), parsed.identities.end());
  }
  return identities;
}

void WarnOfIdentities(const age::Decryption& decryption) {
  for (const Error& warning : decryption.warnings()) ui::Warn(warning.Text(), warning.hint);
}

void ExplainNoMatch(Error& error, std::span<const age::IdentityPtr> identities, std::string hint) {
  const bool passphrase_alone = identities.size() <= 1;
  if (error.code == Code::kNoMatch && passphrase_alone && error.hint.ends_with(age::kForOthersHint))
    error.hint = std::move(hint);
}

}  // namespace secretfs
