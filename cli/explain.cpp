// `secretfs explain`: may this caller read that file, and what does each of its rules say; from the
// configuration alone.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/described_caller.h"
#include "cli/table.h"
#include "cli/ui.h"
#include "core/name.h"
#include "daemon/accounts.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

struct Options {
  std::string path;
  std::string config = DefaultConfigFile();
  std::string mount_point = DefaultMountPoint();
  CallerOptions caller;
  bool credential = false;
  bool json = false;
};

struct Declared {
  std::string name;
  const Access* access = nullptr;
};

/// What one rule of the file says of the caller.
struct Answer {
  std::string key;
  std::string rule;
  bool fits = false;
  std::string remark = {};
};

std::vector<Declared> AllOf(const Config& config) {
  std::vector<Declared> all;
  for (const SecretConfig& secret : config.secrets) all.push_back({secret.name, &secret.access});
  for (const ViewConfig& view : config.views) all.push_back({view.name, &view.access});
  return all;
}

/// A name, a path below the mount point, or one in .credstore, which asks for the credential.
Result<Declared> Find(Options& options, const Config& config) {
  std::string name = options.path;
  const std::string below = options.mount_point + "/";
  if (name.starts_with(below)) name.erase(0, below.size());
  const std::string credentials = std::string(kCredstore) + "/";
  const bool in_credstore = name.starts_with(credentials);
  if (in_credstore) name.erase(0, credentials.size());
  options.credential = options.credential || in_credstore;
  std::vector<std::string> known;
  for (Declared& declared : AllOf(config)) {
    const std::string shown = in_credstore ? CredentialName(declared.name) : declared.name;
    if (shown == name) return std::move(declared);
    if (!shown.empty()) known.push_back(shown);
  }
  return Error{Code::kNotFound, "there is no secret or view " + Quote(name), "",
               SuggestFrom(name, known, "declared")};
}

/// Which names of owner and group, or of a rule, stand for nobody.
std::string Missing(bool user, bool group) {
  if (user && group) return "(no such user, no such group)";
  return user ? "(no such user)" : group ? "(no such group)" : "";
}

std::string Missing(const CallerRule& rule, const Accounts& accounts) {
  if (rule.who.text.empty()) return "";
  if (rule.kind == CallerRule::Kind::kGroup)
    return Missing(false, !ResolveGroup(rule.who, accounts));
  return Missing(!ResolveUser(rule.who, accounts), false);
}

std::string ModeText(const Access& access) {
  char octal[8];
  std::snprintf(octal, sizeof octal, "%04o", access.mode);
  return std::string(octal) + " " + access.owner.text + ":" + access.group.text;
}

std::vector<Answer> AllAnswers(const Access& access, const Caller& caller,
                               const Accounts& accounts) {
  std::vector<Answer> answers;
  const auto add = [&](const std::string& key, const std::vector<CallerRule>& rules) {
    for (const CallerRule& rule : rules)
      answers.push_back(
          {key, rule.text, Fits(rule, access, caller, accounts), Missing(rule, accounts)});
  };
  add("confine_to", access.confine_to);
  answers.push_back({"", "root", caller.uid() == 0});
  Access by_mode = access;
  by_mode.readers.clear();
  by_mode.confine_to.clear();
  const bool allows = caller.uid() != 0 && CheckRead(by_mode, caller, accounts).allow;
  answers.push_back(
      {"mode", ModeText(access), allows,
       Missing(!ResolveUser(access.owner, accounts), !ResolveGroup(access.group, accounts))});
  add("readers", access.readers);
  return answers;
}

void PrintJson(const Declared& declared, const Options& options, const Decision& decision,
               const std::vector<Answer>& answers) {
  nlohmann::ordered_json rules = nlohmann::ordered_json::array();
  for (const Answer& answer : answers) {
    rules.push_back({{"key", answer.key}, {"rule", answer.rule}, {"fits", answer.fits}});
    if (!answer.remark.empty()) rules.back()["remark"] = answer.remark;
  }
  const nlohmann::ordered_json json{{"secret", declared.name},
                                    {"credential", options.credential},
                                    {"decision", decision.allow ? "granted" : "denied"},
                                    {"rule", decision.rule},
                                    {"rules", std::move(rules)}};
  ui::Print(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void PrintTable(const Declared& declared, const Options& options, const Decision& decision,
                const std::vector<Answer>& answers) {
  const std::string what = options.credential ? "may have it as a credential" : "may read it";
  const std::string no = options.credential ? "may not have it as a credential" : "may not read it";
  ui::Print(Printable(declared.name) + ": " + (decision.allow ? what : no) + ", by rule " +
            Printable(std::string(decision.rule)));
  std::vector<std::vector<std::string>> rows{{"KEY", "RULE", "FITS"}};
  for (const Answer& answer : answers) {
    const std::string remark = answer.remark.empty() ? "" : " " + answer.remark;
    rows.push_back({answer.key.empty() ? "-" : answer.key, Printable(answer.rule) + remark,
                    answer.fits ? "yes" : "no"});
  }
  std::fputs(FormatTable(rows).c_str(), stdout);
}

ExitCode Run(Options options) {
  const auto config = ReadConfig(options.config, DefaultsForThisUser());
  if (!config) return FailOnConfig(config.error());
  const auto declared = Find(options, *config);
  if (!declared) return ui::Fail(declared.error());
  const auto caller = DescribedCaller::From(options.caller);
  if (!caller) return ui::Fail(caller.error(), ExitCode::kUsage);
  const SystemClock clock;
  FileAccounts accounts(clock, "/etc/passwd", "/etc/group");
  AskNssForNames({declared->access}, accounts);
  const Access& access = *declared->access;
  const Decision decision = options.credential ? CheckCredential(access, *caller, accounts)
                                               : CheckRead(access, *caller, accounts);
  const auto print = options.json ? PrintJson : PrintTable;
  print(*declared, options, decision, AllAnswers(access, *caller, accounts));
  return decision.allow ? ExitCode::kDone : ExitCode::kNotPermitted;
}

}  // namespace

Command ExplainCommand() {
  return {
      "explain", "say whether a caller may read a secret, and by which rule", [](CLI::App& app) {
        const auto options = std::make_shared<Options>();
        app.add_option("PATH", options->path, "the secret's name, or its path")->required();
        app.add_option("-c,--config,CONFIG", options->config,
                       "the configuration; config.d/*.yaml beside it belongs to it")
            ->capture_default_str();
        app.add_option("--mount", options->mount_point, "where PATH is mounted")
            ->capture_default_str();
        CallerOptions& caller = options->caller;
        app.add_option("--user", caller.user, "who asks; the default is you");
        app.add_option("--group", caller.groups,
                       "a group of hers, her own first; the default is all she has")
            ->expected(1)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        auto* unit = app.add_option("--unit", caller.unit, "the unit that she asks from");
        app.add_option("--user-unit", caller.user_unit,
                       "a unit of her own manager, or USER/UNIT of another's")
            ->excludes(unit);
        app.add_option("--exe", caller.program, "the program that she runs");
        app.add_flag("--credential", options->credential, "as LoadCredential= and .credstore ask");
        app.add_flag("--json", options->json, "print JSON instead of a table");
        return [options] { return Run(*options); };
      }};
}

}  // namespace secretfs
