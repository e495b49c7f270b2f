// `secretfs check`: is the configuration valid, and with --decrypt, can every secret be had.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/text.h"
#include "cli/check_units.h"
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
  bool units = false;
  std::string unit_folder;  // of --units, unless it is --system
  bool system = false;
  std::string mount_point = "/run/secrets";
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

/// What is wrong with the arguments, or nothing.
std::optional<Error> Misuse(const Options& options) {
  if (options.json && !options.units && !options.decrypt) {
    return Error{Code::kInvalid, "--json needs --decrypt or --units", "", ""};
  }
  if (options.units && options.unit_folder.empty() != options.system) {
    return Error{Code::kInvalid, "--units needs a folder of unit files, or --system", "", ""};
  }
  return std::nullopt;
}

ExitCode Run(const Options& options) {
  if (const auto misuse = Misuse(options)) return ui::Fail(*misuse, ExitCode::kUsage);
  const auto config = ReadConfig(options.config, DefaultsForThisUser());
  if (!config) return FailOnConfig(config.error());
  if (options.units) {
    return CheckUnits({options.unit_folder, options.mount_point, options.json}, *config);
  }
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
            auto* units = app.add_option("--units", options->unit_folder,
                                         "say which units in this folder make systemd itself look "
                                         "into the mount; or --units --system")
                              ->type_name("DIR")
                              ->expected(0, 1)
                              ->excludes(decrypt);
            app.add_flag("--system", options->system, "with --units: those of this machine")
                ->needs(units);
            app.add_option("--mount", options->mount_point, "with --units: the mount point")
                ->capture_default_str()
                ->needs(units);
            app.add_flag("--json", options->json, "print JSON instead of a table");
            return [options, units]() -> ExitCode {
              options->units = units->count() > 0;
              return Run(*options);
            };
          }};
}

}  // namespace secretfs
