// `secretfs mount`: serve in the foreground.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/serve.h"
#include "cli/ui.h"
#include "daemon/config_files.h"
#include "daemon/stored_descriptors.h"

namespace secretfs {
namespace {

/// A drop-in of the time when the service mounted by itself would leave the mount that systemd
/// keeps, over which ours would lie where nobody sees it, without a server.
ExitCode Mount(const ServeOptions& options) {
  if (!TakeStored()) return Serve(options);
  return ui::Fail(
      Error{Code::kInvalid, "systemd keeps a mount already, which `mount` does not serve", "",
            "the ExecStart= of the unit, or of its drop-in, must be `secretfs supervise "
            "--stored CONFIG MOUNTPOINT`"},
      ExitCode::kUsage);
}

}  // namespace

Command MountCommand() {
  return {"mount", "serve the secrets of a configuration at a mount point, in the foreground",
          [](CLI::App& app) {
            const auto options = std::make_shared<ServeOptions>(
                ServeOptions{DefaultConfigFile(), DefaultMountPoint(), DefaultsForThisUser()});
            AddConfigOption(app, options->config);
            app.add_option("MOUNTPOINT", options->mount_point, "the folder to mount at")
                ->capture_default_str();
            app.add_flag("--debug", options->debug, "log more");
            return [options] { return Mount(*options); };
          }};
}

}  // namespace secretfs
