#include "cli/rules_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>

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

/// A group counts as others, unless it is our own: many systems have a group for each user.
bool OthersMayWrite(const struct stat& st) {
  const bool group = (st.st_mode & S_IWGRP) != 0 && st.st_gid != ::getegid() && st.st_gid != 0;
  return group || (st.st_mode & S_IWOTH) != 0;
}

/// Whoever writes the rules decides who can read the secrets: what lies in a folder above by
/// another user's doing must not count.
Status CheckTrusted(const UniqueFd& fd, const std::string& path, const std::string& what) {
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return SystemError(errno, "cannot stat", path);
  const bool own = st.st_uid == 0 || st.st_uid == ::geteuid();
  if (own && !OthersMayWrite(st)) return Ok{};
  return Error{Code::kPermission,
               own ? "other users may write " + what : "another user owns " + what, path,
               "if all is as it should be, give --rules FILE"};
}

/// What was checked is what is read: both by one descriptor, and no link is followed. Nothing when
/// there are no rules.
Result<std::optional<Bytes>> ReadTrusted(const std::string& folder, const std::string& path) {
  const UniqueFd at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at) return SystemError(errno, "cannot open the folder", folder);
  const UniqueFd fd(
      ::openat(at.get(), kRulesFileName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::optional<Bytes>();
  if (!fd && errno == ELOOP) {
    return Error{Code::kPermission, "these rules are a symbolic link", path,
                 "if all is as it should be, give --rules FILE"};
  }
  if (!fd) return SystemError(errno, "cannot open", path);
  TRY(CheckTrusted(fd, path, "these rules"));
  TRY(CheckTrusted(at, path, "the folder of these rules"));
  return std::optional<Bytes>(TRY(ReadAll(fd.get(), kMaxRulesBytes, path)));
}

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<fs::path> Real(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (error.value() == ENOENT) return Error{Code::kNotFound, "no such folder", path, ""};
  if (error) return SystemError(error.value(), "cannot find the folder", path);
  return real;
}

/// Where the file that is meant lies or will lie: behind a link it is not where the link stands.
Result<fs::path> WhereItIs(const std::string& file) {
  std::error_code error;
  if (fs::is_symlink(file, error)) return Real(file);
  return fs::path(TRY(FolderOf(file))) / fs::path(file).filename();
}

/// Where others may write, they can put one file for another while we look at it.
Status CheckTrustedFolder(const std::string& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return SystemError(errno, "cannot open the folder", folder);
  return CheckTrusted(fd, folder, "this folder");
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
  return Parse(path, TRY(ReadFile(path, kMaxRulesBytes)));
}

Result<RulesFile> RulesFile::Parse(const std::string& path, ByteView text) {
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
    if (const auto text = TRY(ReadTrusted(at, path))) {
      RulesFile found = TRY(Parse(path, *text));
      found.found_ = true;
      return found;
    }
    if (!at.has_relative_path()) break;
    at = at.parent_path();
  }
  return Error{Code::kNotFound, std::string("no ") + kRulesFileName + " here or above", folder,
               "write one, as secretfs.rules.yaml(5) shows, or give --rules FILE"};
}

Result<const FileRule*> RulesFile::RuleFor(const std::string& file) const {
  const fs::path whole = TRY(WhereItIs(file));
  if (found_) TRY(CheckTrustedFolder(whole.parent_path()));
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

}  // namespace secretfs
