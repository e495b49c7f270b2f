// `secretfs keeper`: makes links and copies for the daemon; started by systemd, or by the daemon.
#include "daemon/keeper.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/ui.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

struct Options {
  std::string config = DefaultConfigFile();
  std::string mount_point = DefaultMountPoint();
  bool stdio = false;
};

ExitCode Run(const Options& options) {
  const auto log = StderrLog(Level::kInfo);
  KeeperOptions keeper{options.config, options.mount_point};
  if (options.stdio) {
    keeper.input = STDIN_FILENO;
    keeper.output = STDOUT_FILENO;
  }
  const Status served = RunKeeper(keeper, *log);
  return served ? ExitCode::kDone : ui::Fail(served.error());
}

}  // namespace

Command KeeperCommand() {
  return {"keeper", "make links and copies for the daemon; started by systemd, or by it",
          [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            AddConfigOption(app, options->config);
            app.add_option("MOUNTPOINT", options->mount_point, "where links lead")
                ->capture_default_str();
            app.add_flag("--stdio", options->stdio, "requests come by standard input");
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
