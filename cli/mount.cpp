// `secretfs mount`: serve in the foreground.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/serve.h"
#include "daemon/config_files.h"

namespace secretfs {

Command MountCommand() {
  return {"mount", "serve the secrets of a configuration at a mount point, in the foreground",
          [](CLI::App& app) {
            const auto options = std::make_shared<ServeOptions>(
                ServeOptions{DefaultConfigFile(), DefaultMountPoint(), DefaultsForThisUser()});
            AddConfigOption(app, options->config);
            app.add_option("MOUNTPOINT", options->mount_point, "the folder to mount at")
                ->capture_default_str();
            app.add_flag("--debug", options->debug, "log more");
            return [options] { return Serve(*options); };
          }};
}

}  // namespace secretfs
