// `secretfs mount`: serve in the foreground.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/ui.h"
#include "daemon/config_files.h"
#include "daemon/daemon.h"

namespace secretfs {
namespace {

struct Options {
  std::string config = DefaultConfigFile();
  std::string mount_point = DefaultMountPoint();
  bool debug = false;
};

ExitCode Run(const Options& options) {
  const ConfigDefaults defaults = DefaultsForThisUser();
  const auto config = ReadConfig(options.config, defaults);
  if (!config) return FailOnConfig(config.error());
  const auto log = StderrLog(options.debug ? Level::kDebug : Level::kInfo);
  auto assembly = Assemble(*config, *log);
  if (!assembly) return FailOnConfig(assembly.error());
  const Status served = RunDaemon({options.config, defaults, options.mount_point, SECRETFS_VERSION},
                                  *config, *std::move(assembly), *log);
  return served ? ExitCode::kDone : ui::Fail(served.error());
}

}  // namespace

Command MountCommand() {
  return {"mount", "serve the secrets of a configuration at a mount point, in the foreground",
          [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            AddConfigOption(app, options->config);
            app.add_option("MOUNTPOINT", options->mount_point, "the folder to mount at")
                ->capture_default_str();
            app.add_flag("--debug", options->debug, "log more");
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
