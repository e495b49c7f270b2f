// `secretfs unmount`: after a stop of the service, take the mount away, if it is not to come back.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "cli/command.h"
#include "cli/ui.h"
#include "daemon/config_files.h"
#include "daemon/premount.h"

namespace secretfs {
namespace {

std::string FromSystemd(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Command UnmountCommand() {
  return {
      "unmount", "unmount, if the service is really stopped; for ExecStop=+ and ExecStopPost=+",
      [](CLI::App& app) {
        const auto mount_point = std::make_shared<std::string>(DefaultMountPoint());
        app.add_option("MOUNTPOINT", *mount_point, "where it is mounted")->capture_default_str();
        return [mount_point] {
          const auto log = StderrLog(Level::kInfo);
          const ServiceEnd end{FromSystemd("EXIT_CODE"), FromSystemd("EXIT_STATUS")};
          const Status done = UnmountAtStop(*mount_point, end, *log);
          return done ? ExitCode::kDone : ui::Fail(done.error());
        };
      }};
}

}  // namespace secretfs
