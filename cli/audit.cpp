// `secretfs audit`: who read what, and who was refused, from the audit file.
#include <poll.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>

#include "base/clock.h"
#include "base/text.h"
#include "cli/audit_reader.h"
#include "cli/audit_record.h"
#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/table.h"
#include "cli/ui.h"
#include "core/glob.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

constexpr size_t kBlock = 200;  // rows that share their columns' widths
constexpr size_t kTail = 10;    // what --follow begins with
constexpr int kPause = 250;     // milliseconds between looks at the file

struct Options {
  std::string file;
  std::string config = DefaultConfigFile();
  std::string since;
  AuditFilter filter;
  bool follow = false;
  bool json = false;
};

/// Prints records as they come, in blocks.
class Printer {
 public:
  explicit Printer(bool json) : json_(json) {
    if (!json) rows_.push_back(AuditHeading());
  }
  void Add(const std::string& line, const AuditRecord& record) {
    if (json_) return ui::Print(line);
    rows_.push_back(AuditRow(record, UserName(static_cast<uid_t>(record.uid))));
    if (rows_.size() >= kBlock) Flush();
  }
  void Flush() {
    const std::string text = FormatTable(rows_, widths_);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    rows_.clear();
  }

 private:
  const std::string& UserName(uid_t uid) {
    const auto [at, is_new] = names_.try_emplace(uid, std::to_string(uid));
    if (is_new) {
      const passwd* user = ::getpwuid(uid);
      if (user != nullptr) at->second = Printable(user->pw_name);
    }
    return at->second;
  }

  const bool json_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;
  std::map<uid_t, std::string> names_;
};

/// Reads what is there now. With `tail`, only its last lines are printed.
class Show {
 public:
  Show(AuditReader& reader, const AuditFilter& filter, Printer& printer)
      : reader_(reader), filter_(filter), printer_(printer) {}

  Status All(bool tail) {
    std::deque<std::pair<std::string, AuditRecord>> last;
    while (auto line = TRY(reader_.Next())) {
      const auto record = ParseAuditLine(*line);
      if (!record) ++damaged_;
      if (!record || !filter_.Fits(*record)) continue;
      if (!tail) {
        printer_.Add(*line, *record);
        continue;
      }
      last.emplace_back(std::move(*line), *record);
      if (last.size() > kTail) last.pop_front();
    }
    for (const auto& [line, record] : last) printer_.Add(line, record);
    printer_.Flush();
    return Ok{};
  }
  [[nodiscard]] size_t damaged() const { return damaged_ + reader_.damaged(); }

 private:
  AuditReader& reader_;
  const AuditFilter& filter_;
  Printer& printer_;
  size_t damaged_ = 0;
};

/// False when nobody reads what is printed any more.
bool Pause() {
  pollfd out{STDOUT_FILENO, 0, 0};
  return ::poll(&out, 1, kPause) <= 0;
}

Status CheckPatterns(const AuditFilter& filter) {
  for (const auto* patterns : {&filter.secrets, &filter.units}) {
    for (const std::string& glob : *patterns) {
      if (const auto problem = GlobProblem(glob)) {
        return Error{Code::kInvalid, Quote(glob) + " " + *problem, "", ""};
      }
    }
  }
  return Ok{};
}

Error WithAdvice(Error error) {
  if (error.code == Code::kPermission) error.hint = "run it with sudo";
  if (error.code == Code::kNotFound) error.hint = "the daemon makes it when it starts";
  return error;
}

ExitCode Run(Options options) {
  if (const Status right = CheckPatterns(options.filter); !right) {
    return ui::Fail(right.error(), ExitCode::kUsage);
  }
  if (!options.since.empty()) {
    const auto since = ReadSince(options.since, SystemClock().Wall());
    if (!since) return ui::Fail(since.error(), ExitCode::kUsage);
    options.filter.since = *since;
  }
  if (options.file.empty()) {
    const auto config = ReadConfig(options.config, DefaultsForThisUser());
    if (!config) return FailOnConfig(config.error());
    if (config->audit.file.empty()) {
      return ui::Fail({Code::kNotFound, "the configuration names no audit file", options.config,
                       config->audit.journal ? "look into the journal: journalctl -t secretfs"
                                             : "as in audit: {file: PATH}"});
    }
    options.file = config->audit.file;
  }
  auto reader = AuditReader::Open(options.file);
  if (!reader) return ui::Fail(WithAdvice(std::move(reader).error()));
  Printer printer(options.json);
  Show show(*reader, options.filter, printer);
  Status shown = show.All(options.follow && options.since.empty());
  while (shown && options.follow && Pause()) shown = show.All(false);
  if (!shown) return ui::Fail(WithAdvice(std::move(shown).error()));
  if (show.damaged() > 0) {
    ui::Warn(std::to_string(show.damaged()) + " lines of the audit are damaged and not shown");
  }
  return ExitCode::kDone;
}

}  // namespace

Command AuditCommand() {
  return {"audit", "show who read what, and who was refused", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            app.add_option("FILE", options->file, "the audit file; else the configuration's");
            app.add_option("-c,--config", options->config, "the configuration that names the file")
                ->capture_default_str();
            app.add_flag("-f,--follow", options->follow, "begin near the end, and go on");
            app.add_option("--secret", options->filter.secrets, "only secrets that fit a pattern")
                ->type_name("GLOB")
                ->allow_extra_args(false);
            app.add_option("--unit", options->filter.units, "only units that fit a pattern")
                ->type_name("GLOB")
                ->allow_extra_args(false);
            app.add_flag("--denied", options->filter.denied, "only what was denied");
            app.add_option("--since", options->since, "only what came since: 10m, 2h, 2026-11-20");
            app.add_flag("--json", options->json, "print the lines as they are in the file");
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
