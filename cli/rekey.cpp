// `secretfs rekey`: encrypt files to those whom the rules name today, where that is not so already.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "base/text.h"
#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/identity_options.h"
#include "cli/rewrite.h"
#include "cli/rules_file.h"
#include "cli/rules_walk.h"
#include "cli/table.h"
#include "cli/ui.h"

namespace secretfs {
namespace {

struct Options {
  IdentityOptions identities;
  std::string rules;
  std::vector<std::string> files;
  bool dry_run = false;
  bool force = false;
};

/// Below the working folder, without that.
std::string ForPeople(const std::string& path) {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  const std::string below = std::filesystem::path(path).lexically_relative(here);
  const bool outside = error || below.empty() || below == ".." || below.starts_with("../");
  return Printable(outside ? path : below);
}

class Rekeying {
 public:
  explicit Rekeying(const Options& options) : options_(options) {}

  ExitCode Run() {
    if (const Status found = options_.files.empty() ? FindAll() : FindNamed(); !found)
      return FailOnConfig(found.error());
    if (paths_.empty() && failures_.empty()) {
      ui::Print("no file fits a rule");
      return ExitCode::kDone;
    }
    if (paths_.empty()) return Summarize();
    auto identities = IdentitiesFor(*first_rules_, options_.identities);
    if (!identities) return ui::Fail(identities.error());
    identities_ = *std::move(identities);
    for (size_t i = 0; i < paths_.size(); ++i) RekeyAndTell(paths_[i], i + 1);
    return Summarize();
  }

 private:
  using Recipients = std::vector<age::RecipientPtr>;

  /// The rules for a file. One rules file is read once. The first is the one that says with which
  /// identities files are opened.
  Result<const RulesFile*> Rules(const std::string& file) {
    const std::string folder = options_.rules.empty() ? TRY(FolderOf(file)) : "";
    auto at = rules_.find(folder);
    if (at == rules_.end()) {
      auto rules =
          options_.rules.empty() ? RulesFile::Find(folder) : RulesFile::Load(options_.rules);
      at = rules_.emplace(folder, TRY(std::move(rules))).first;
    }
    if (first_rules_ == nullptr) first_rules_ = &at->second;
    return &at->second;
  }

  Status FindAll() {
    const RulesFile& rules = *TRY(Rules("./"));
    WalkedFiles found = FilesOf(rules);
    paths_ = std::move(found.paths);
    for (const Error& problem : found.problems) Fail(problem.where, problem);
    return Ok{};
  }

  /// What is wrong with the rules themselves ends it all: to whom would the rest be encrypted?
  Status FindNamed() {
    for (const std::string& file : options_.files) {
      if (const auto folder = FolderOf(file); !folder) {
        Fail(file, folder.error());
        continue;
      }
      TRY(Rules(file));
      paths_.push_back(file);
    }
    return Ok{};
  }

  Result<const Recipients*> RecipientsFor(const FileRule& rule) {
    auto at = recipients_.find(&rule);
    if (at == recipients_.end()) {
      at = recipients_.emplace(&rule, RecipientsOf(rule, options_.identities.Help().plugins)).first;
    }
    if (!at->second) {
      rules_are_wrong_ = rules_are_wrong_ || IsOfConfig(at->second.error());
      return at->second.error();
    }
    return &*at->second;
  }

  Result<bool> Rekey(const std::string& path) {
    const RulesFile& rules = *TRY(Rules(path));
    const FileRule& rule = *TRY(rules.RuleFor(path));
    const Recipients& recipients = *TRY(RecipientsFor(rule));
    return RekeyFile(path, identities_, recipients,
                     {rule.armored, options_.force, options_.dry_run,
                      [this](const Error& warning) { WarnOnce(warning); }});
  }

  /// Most files tell the same.
  void WarnOnce(const Error& warning) {
    if (warned_.insert(warning.Text()).second) ui::Warn(warning.Text(), warning.hint);
  }

  void RekeyAndTell(const std::string& path, size_t number) {
    auto rekeyed = Rekey(path);
    std::string outcome = "unchanged";
    if (!rekeyed) {
      outcome = "failed";
      ExplainNoMatch(rekeyed.error(), identities_, kNoIdentitiesHint);
      if (rekeyed.error().where.empty()) rekeyed.error().where = path;
      Fail(path, rekeyed.error());
    } else if (*rekeyed) {
      ++written_;
      outcome = options_.dry_run ? "to be rekeyed" : "rekeyed";
    } else {
      ++untouched_;
    }
    ui::Print("[" + std::to_string(number) + "/" + std::to_string(paths_.size()) + "] " +
              ForPeople(path) + ": " + outcome);
    std::fflush(stdout);
  }

  void Fail(const std::string& path, const Error& error) {
    failures_.emplace_back(path, error);
    ui::Fail(error);
  }

  ExitCode Summarize() {
    ui::Print(std::to_string(written_) + (options_.dry_run ? " to be rekeyed, " : " rekeyed, ") +
              std::to_string(untouched_) + " unchanged, " + std::to_string(failures_.size()) +
              " failed");
    if (failures_.empty()) return ExitCode::kDone;
    std::vector<std::vector<std::string>> rows{{"FAILED", "WHY"}};
    for (const auto& [path, error] : failures_) {
      const bool elsewhere = !error.where.empty() && error.where != path;
      const std::string place = elsewhere ? ForPeople(error.where) + ": " : "";
      rows.push_back({ForPeople(path), place + Printable(error.what)});
    }
    std::fputs(FormatTable(rows).c_str(), stdout);
    return rules_are_wrong_ ? ExitCode::kConfigInvalid : ExitCode::kSomeSecretsFailed;
  }

  const Options& options_;
  std::map<std::string, RulesFile> rules_;  // by the folder from which they were looked for
  const RulesFile* first_rules_ = nullptr;
  std::map<const FileRule*, Result<Recipients>> recipients_;
  std::vector<age::IdentityPtr> identities_;
  std::vector<std::string> paths_;
  std::vector<std::pair<std::string, Error>> failures_;  // with the file that failed
  bool rules_are_wrong_ = false;
  std::set<std::string> warned_;
  size_t written_ = 0;
  size_t untouched_ = 0;
};

}  // namespace

Command RekeyCommand() {
  return {"rekey", "encrypt age files to those whom the rules name", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            options->identities.AddTo(app);
            AddRulesOption(app, options->rules);
            app.add_flag("--dry-run", options->dry_run, "tell what would be done, and do nothing");
            app.add_flag("--force", options->force, "write every file, even if nothing changed");
            app.add_option("FILE", options->files, "the files; without any, all that fit a rule")
                ->type_name("");
            return [options] {
              StdinUse use;
              options->identities.AddStdinUses(use);
              if (const Status usage = use.Check(); !usage) {
                return ui::Fail(usage.error(), ExitCode::kUsage);
              }
              return Rekeying(*options).Run();
            };
          }};
}

}  // namespace secretfs
