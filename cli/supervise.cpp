// `secretfs supervise`: hold a mount while servers come and go.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <climits>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/ui.h"
#include "daemon/config_files.h"
#include "daemon/legacy.h"
#include "daemon/supervisor.h"

namespace secretfs {
namespace {

struct Options {
  SuperviseOptions supervise;
  std::string legacy;
  bool debug = false;
  bool no_resend = false;
  bool no_slots = false;
};

/// Where this program is; empty when that cannot be told.
std::string OwnPath() {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "" : path.string();
}

ExitCode Run(Options& options) {
  SuperviseOptions& supervise = options.supervise;
  std::error_code failed;
  supervise.program = std::filesystem::absolute(supervise.program, failed).string();
  if (!options.legacy.empty()) {
    auto legacy = ParseLegacy(options.legacy);
    if (!legacy) return ui::Fail(legacy.error(), ExitCode::kUsage);
    supervise.legacy = *legacy;
  }
  if (options.debug) supervise.server_options.emplace_back("--debug");
  if (options.no_resend) supervise.server_options.emplace_back("--no-resend");
  if (options.no_slots) supervise.server_options.emplace_back("--no-slots");
  const auto log = StderrLog(options.debug ? Level::kDebug : Level::kInfo);
  const auto ended = RunSupervisor(supervise, *log);
  return ended ? static_cast<ExitCode>(*ended) : ui::Fail(ended.error());
}

}  // namespace

Command SuperviseCommand() {
  return {"supervise", "serve as mount does, through crashes and upgrades", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            SuperviseOptions& supervise = options->supervise;
            supervise.config = DefaultConfigFile();
            supervise.mount_point = DefaultMountPoint();
            supervise.program = OwnPath();
            AddConfigOption(app, supervise.config);
            app.add_option("MOUNTPOINT", supervise.mount_point, "the folder to mount at")
                ->capture_default_str();
            app.add_option("--program", supervise.program,
                           "the program to go on with after SIGHUP, if it is another file then");
            app.add_flag("--stored", supervise.stored,
                         "take the mount that `premount` left with systemd");
            app.add_flag("--debug", options->debug, "log more");
            app.add_option("--legacy", options->legacy)->group("");
            app.add_flag("--no-resend", options->no_resend)->group("");
            app.add_flag("--no-slots", options->no_slots)->group("");
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
