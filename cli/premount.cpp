// `secretfs premount`: before a start of the service, make the mount that it will serve.
#include "daemon/premount.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "cli/command.h"
#include "cli/ui.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

/// Systemd starts the service anew at once, as it should when a server fails; but what keeps root
/// from mounting stays for longer, and is not to be told ten times a second.
constexpr std::chrono::seconds kPause{2};

}  // namespace

Command PremountCommand() {
  return {
      "premount", "mount, and leave the mount with systemd; for ExecStartPre=+", [](CLI::App& app) {
        const auto mount_point = std::make_shared<std::string>(DefaultMountPoint());
        app.add_option("MOUNTPOINT", *mount_point, "the folder to mount at")->capture_default_str();
        return [mount_point] {
          const auto log = StderrLog(Level::kInfo);
          const Status done = Premount(*mount_point, *log);
          if (done) return ExitCode::kDone;
          std::this_thread::sleep_for(kPause);
          return ui::Fail(done.error());
        };
      }};
}

}  // namespace secretfs
