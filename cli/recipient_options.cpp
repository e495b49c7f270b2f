#include "cli/recipient_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/file.h"
#include "cli/input_file.h"

namespace secretfs {
namespace {

using Recipients = std::vector<age::RecipientPtr>;

Result<age::RecipientPtr> ParseOption(const std::string& text, const std::string& name,
                                      const age::PluginHostPtr& plugins) {
  auto recipient = age::ParseRecipient(text, plugins);
  if (!recipient) recipient.error().where = name;
  return recipient;
}

Result<Recipients> ReadRecipientFile(const std::string& file, const age::PluginHostPtr& plugins) {
  const InputFile input = TRY(InputFile::Open(file));
  // Somebody may name a file of secret keys by mistake.
  const SecretBytes content =
      TRY(ReadAllSecret(input.fd(), age::kMaxRecipientFileBytes, input.name()));
  return age::ParseRecipientFile(content.Expose(), input.name(), plugins);
}

}  // namespace

void RecipientOptions::AddTo(CLI::App& app) {
  const auto repeated = [&](const char* names, std::vector<std::string>& values, const char* help,
                            const char* type) {
    app.add_option(names, values, help)
        ->type_name(type)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  repeated("-r,--recipient", recipients_,
           "a recipient: age1... or an SSH public key; may be repeated", "RECIPIENT");
  repeated("-R,--recipients-file", files_,
           "a file with recipients, one a line; - is standard input; may be repeated", "FILE");
  identities_.AddTo(app);
  app.get_option("--identity")
      ->description("a file with identities, to encrypt to their recipients; may be repeated");
}

bool RecipientOptions::empty() const noexcept {
  return recipients_.empty() && files_.empty() && identities_.files().empty();
}

void RecipientOptions::AddStdinUses(StdinUse& use) const {
  use.AddFiles(files_, "-R");
  identities_.AddStdinUses(use);
}

Result<Recipients> RecipientOptions::Read() const {
  const age::PluginHostPtr plugins = identities_.Help().plugins;
  Recipients all;
  for (size_t i = 0; i < recipients_.size(); ++i) {
    const std::string name =
        recipients_.size() == 1 ? "-r" : "-r, the one numbered " + std::to_string(i + 1);
    all.push_back(TRY(ParseOption(recipients_[i], name, plugins)));
  }
  for (const std::string& file : files_) {
    Recipients some = TRY(ReadRecipientFile(file, plugins));
    std::ranges::move(some, std::back_inserter(all));
  }
  for (const age::IdentityPtr& identity : TRY(identities_.ReadAll(identities_.files()))) {
    Recipients some = TRY(identity->ToRecipients());
    std::ranges::move(some, std::back_inserter(all));
  }
  return all;
}

}  // namespace secretfs
