// `secretfs mount`: serve in the foreground.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/ui.h"
#include "daemon/config_files.h"
#include "daemon/daemon.h"

namespace secretfs {

Command MountCommand() {
  return {"mount", "serve the secrets of a configuration at a mount point, in the foreground",
          [](CLI::App& app) {
            struct Options {
              DaemonOptions daemon{DefaultConfigFile(), DefaultMountPoint(), SECRETFS_VERSION};
              bool debug = false;
            };
            const auto options = std::make_shared<Options>();
            AddConfigOption(app, options->daemon.config_file);
            app.add_option("mountpoint", options->daemon.mount_point, "the folder to mount at")
                ->capture_default_str();
            app.add_flag("--debug", options->debug, "log more");
            return [options] {
              const auto log = StderrLog(options->debug ? Level::kDebug : Level::kInfo);
              const Status served = RunDaemon(options->daemon, *log);
              if (!served) return FailOnConfig(served.error());
              return ExitCode::kDone;
            };
          }};
}

}  // namespace secretfs
