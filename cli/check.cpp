// `secretfs check`: is the configuration valid, and with --decrypt, can every secret be had.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/table.h"
#include "cli/ui.h"
#include "daemon/accounts.h"
#include "daemon/assemble.h"
#include "daemon/config_files.h"
#include "daemon/making.h"
#include "daemon/status.h"

namespace secretfs {
namespace {

struct Options {
  std::string config = DefaultConfigFile();
  bool decrypt = false;
  bool json = false;
};

/// The table says it all; nothing needs to be logged on the way.
class NoLog final : public Log {
  void Write(Level /*level*/, const std::string& /*line*/) override {}
};

/// What should have been there; what a format has no place for is in the JSON.
std::string LeftOut(const Value& value) {
  std::vector<std::string> texts;
  for (const Note& note : value.notes) {
    if (!note.by_design) texts.push_back(note.text);
  }
  return texts.empty() ? "" : "left out: " + Join(texts, "; ");
}

void AddUnknownNames(std::string& remarks, const std::vector<std::string>& names) {
  if (names.empty()) return;
  if (!remarks.empty()) remarks += "; ";
  remarks += "does not exist: " + Join(names);
}

void PrintTable(const std::vector<File>& files, const Accounts& accounts) {
  std::vector<std::vector<std::string>> rows{{"SECRET", "STATE", "FROM", "REMARKS"}};
  for (const File& file : files) {
    const Entry::Report report = file.entry->GetReport();
    std::string remarks = report.error ? report.error->Text() : "";
    if (report.error && !report.error->hint.empty()) remarks += " (" + report.error->hint + ")";
    if (report.value && !report.error) remarks = LeftOut(*report.value);
    AddUnknownNames(remarks, UnknownNames(file.access, accounts));
    rows.push_back({Printable(file.entry->name()), std::string(StateName(report.state)),
                    file.entry->spec().origin, Printable(remarks)});
  }
  std::fputs(FormatTable(rows).c_str(), stdout);
}

ExitCode TryEverything(const Assembly& assembly, bool json) {
  const SystemClock clock;
  NoLog log;
  size_t failed = 0;
  for (const File& file : assembly.files) {
    if (!MakeNow(file.entry, clock, log, {}, Verify::kWhole)) ++failed;
  }
  FileAccounts accounts(clock, "/etc/passwd", "/etc/group");
  std::vector<const Access*> all;
  for (const File& file : assembly.files) all.push_back(&file.access);
  AskNssForNames(all, accounts);
  if (json) {
    std::fputs(FilesJson(assembly.files, &accounts).c_str(), stdout);
  } else {
    PrintTable(assembly.files, accounts);
  }
  for (const Error& problem : assembly.identities->Get().problems)
    ui::Warn(problem.Text(), problem.hint);
  if (failed == 0) return ExitCode::kDone;
  return ui::Fail({Code::kUnavailable,
                   std::to_string(failed) + " of " + std::to_string(assembly.files.size()) +
                       " secrets cannot be had",
                   "", ""},
                  ExitCode::kSomeSecretsFailed);
}

ExitCode Run(const Options& options) {
  const auto config = ReadConfig(options.config, DefaultsForThisUser());
  if (!config) return FailOnConfig(config.error());
  const auto log = StderrLog(Level::kInfo);  // for plugins, which may want their key touched
  const auto assembly = Assemble(*config, *log);
  if (!assembly) return FailOnConfig(assembly.error());
  assembly->UseIdentities();
  if (options.decrypt) return TryEverything(*assembly, options.json);
  ui::Print(options.config + ": valid; " + std::to_string(config->secrets.size()) + " secrets, " +
            std::to_string(config->views.size()) + " views");
  return ExitCode::kDone;
}

}  // namespace

Command CheckCommand() {
  return {"check", "validate a configuration; with --decrypt, try every secret", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            AddConfigOption(app, options->config);
            auto* decrypt = app.add_flag("--decrypt", options->decrypt,
                                         "fetch every secret and say which cannot be had");
            app.add_flag("--json", options->json, "print JSON instead of a table")->needs(decrypt);
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
