#include "cli/rules_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "crypto/recipient_file.h"

namespace secretfs {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxRulesBytes = size_t{8} << 20;  // as the loader has it

std::string HomeFile(std::string_view path) {
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "" : home) + "/" + std::string(path);
}

/// Whoever writes the rules decides who can read the secrets: a file that lies in a folder above by
/// another user's doing must not.
Status CheckTrusted(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return SystemError(errno, "cannot stat", path);
  const bool own = st.st_uid == 0 || st.st_uid == ::geteuid();
  if (own && (st.st_mode & S_IWOTH) == 0) return Ok{};
  return Error{Code::kPermission,
               own ? "every user may write these rules" : "these rules belong to another user",
               path, "if they are the right ones, give --rules FILE"};
}

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<fs::path> Real(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (error) return SystemError(error.value(), "cannot find the folder", path);
  return real;
}

std::vector<std::string> DefaultIdentityFiles(const Rules& rules) {
  std::vector<std::string> files;
  for (const std::string& path : rules.identities)
    files.push_back(path.starts_with("~/") ? HomeFile(path.substr(2)) : path);
  if (!files.empty()) return files;
  for (const char* key : {".ssh/id_ed25519", ".ssh/id_rsa"}) {
    if (const std::string path = HomeFile(key); Exists(path)) files.push_back(path);
  }
  return files;
}

void AddOnce(std::vector<age::RecipientPtr>& recipients, age::RecipientPtr recipient) {
  const auto same = [&](const auto& known) { return known->Text() == recipient->Text(); };
  if (std::ranges::none_of(recipients, same)) recipients.push_back(std::move(recipient));
}

}  // namespace

Result<std::string> FolderOf(const std::string& file) {
  const fs::path folder = fs::path(file).parent_path();
  return TRY(Real(folder.empty() ? "." : folder)).string();
}

Result<RulesFile> RulesFile::Load(const std::string& path) {
  const Bytes text = TRY(ReadFile(path, kMaxRulesBytes));
  ConfigText config;
  config.file = path;
  config.folder = TRY(FolderOf(path));
  config.text = AsText(text);
  return RulesFile(path, TRY(LoadRules(config)));
}

Result<RulesFile> RulesFile::Find(const std::string& folder) {
  fs::path at = TRY(Real(folder));
  for (;;) {
    const std::string path = at / kRulesFileName;
    if (Exists(path)) {
      TRY(CheckTrusted(path));
      return Load(path);
    }
    if (!at.has_relative_path()) break;
    at = at.parent_path();
  }
  return Error{Code::kNotFound, std::string("no ") + kRulesFileName + " here or above", folder,
               "write one, as secretfs.rules.yaml(5) shows, or give --rules FILE"};
}

Result<const FileRule*> RulesFile::RuleFor(const std::string& file) const {
  const fs::path whole = fs::path(TRY(FolderOf(file))) / fs::path(file).filename();
  const std::string path = whole.lexically_relative(rules_.folder);
  if (path.empty() || path.starts_with("..")) {
    return Error{Code::kNotFound, "is not below the folder of the rules", file,
                 "the rules are " + path_};
  }
  const FileRule* rule = rules_.Find(path);
  if (rule != nullptr) return rule;
  return Error{Code::kNotFound, "no rule fits " + Quote(path), file,
               "add one to " + path_ + " that says who may open it"};
}

Result<RulesFile> RulesFor(const std::string& option, const std::string& file) {
  if (!option.empty()) return RulesFile::Load(option);
  return RulesFile::Find(TRY(FolderOf(file)));
}

void AddRulesOption(CLI::App& app, std::string& file) {
  app.add_option("--rules", file,
                 std::string("the rules, instead of the nearest ") + kRulesFileName)
      ->type_name("FILE");
}

Result<std::vector<age::RecipientPtr>> RecipientsOf(const FileRule& rule,
                                                    const age::PluginHostPtr& plugins) {
  std::vector<age::RecipientPtr> recipients;
  for (const RecipientSource& source : rule.recipients) {
    if (source.file.empty()) {
      auto parsed = age::ParseRecipient(source.text, plugins);
      if (!parsed) {
        parsed.error().where = source.place.Text();
        return std::move(parsed).error();
      }
      AddOnce(recipients, *std::move(parsed));
      continue;
    }
    const Bytes text = TRY(ReadFile(source.file, age::kMaxRecipientFileBytes));
    for (auto& recipient : TRY(age::ParseRecipientFile(text, source.file, plugins)))
      AddOnce(recipients, std::move(recipient));
  }
  if (!recipients.empty()) return recipients;
  return Error{Code::kInvalid, "the rule's files name no recipient", rule.place.Text(), ""};
}

Result<std::vector<age::IdentityPtr>> IdentitiesFor(const RulesFile& rules,
                                                    const IdentityOptions& options) {
  auto identities = TRY(options.Read(DefaultIdentityFiles(rules.rules())));
  identities.push_back(TRY(age::MakePassphraseIdentity(options.Help().passphrases)));
  return identities;
}

void ExplainNoMatch(Error& error, std::span<const age::IdentityPtr> identities) {
  const bool passphrase_alone = identities.size() <= 1;
  if (error.code == Code::kNoMatch && passphrase_alone)
    error.hint = "give -i FILE, or name 'identities' in the rules";
}

}  // namespace secretfs
