// `secretfs premount`: before a start of the service, make the mount that it will serve.
#include "daemon/premount.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/ui.h"
#include "daemon/config_files.h"

namespace secretfs {

Command PremountCommand() {
  return {
      "premount", "mount, and leave the mount with systemd; for ExecStartPre=+", [](CLI::App& app) {
        const auto mount_point = std::make_shared<std::string>(DefaultMountPoint());
        app.add_option("MOUNTPOINT", *mount_point, "the folder to mount at")->capture_default_str();
        return [mount_point] {
          const auto log = StderrLog(Level::kInfo);
          const Status done = Premount(*mount_point, *log);
          return done ? ExitCode::kDone : ui::Fail(done.error());
        };
      }};
}

}  // namespace secretfs
