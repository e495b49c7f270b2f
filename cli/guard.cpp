// `secretfs guard`: frees who waits in a mount that nobody serves any more; started by systemd.
#include "daemon/guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/ui.h"
#include "daemon/alive_lock.h"
#include "daemon/config_files.h"
#include "daemon/harden.h"
#include "fs/connection.h"

namespace secretfs {
namespace {

struct Options {
  std::string mount_point = DefaultMountPoint();
  std::string alive;
  double patience = 15;
  double patience_with_stuck = 20;
};

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

ExitCode Run(const Options& options) {
  // The journal may be waiting for who waits: what does not fit is not said.
  const int flags = ::fcntl(STDERR_FILENO, F_GETFL);
  if (flags >= 0) ::fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
  const auto log = StderrLog(Level::kInfo);
  if (!LockAllMemory()) {
    log->Warning("memory_not_locked",
                 {{"reason", "the guard could be swapped out when it is needed"},
                  {"hint", "LimitMEMLOCK=infinity"}});
  }
  const std::string folder = RuntimeFolder().empty() ? "/run/secretfs" : RuntimeFolder();
  const std::string alive =
      options.alive.empty() ? AliveFile(folder, options.mount_point) : options.alive;
  const Status watched =
      RunGuard({options.mount_point,
                alive,
                {Milliseconds(options.patience), Milliseconds(options.patience_with_stuck)},
                fs::kConnections},
               *log);
  return watched ? ExitCode::kDone : ui::Fail(watched.error());
}

}  // namespace

Command GuardCommand() {
  return {"guard", "free who waits in a mount that nobody serves; started by systemd",
          [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            app.add_option("MOUNTPOINT", options->mount_point, "the mount")->capture_default_str();
            app.add_option("--patience", options->patience,
                           "seconds without anybody who serves it, before the guard acts")
                ->capture_default_str()
                ->check(CLI::Range(0.5, 3600.0));
            app.add_option("--patience-with-stuck", options->patience_with_stuck,
                           "the same while somebody lives and does nothing")
                ->capture_default_str()
                ->check(CLI::Range(0.5, 3600.0));
            app.add_option("--alive", options->alive,
                           "the file that who serves holds a lock on, in the runtime directory");
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
