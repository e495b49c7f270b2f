// `secretfs actor`: restarts, reloads and signals units for the daemon; started by systemd.
#include "daemon/actor.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/ui.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

ExitCode Run(const std::string& config) {
  const auto log = StderrLog(Level::kInfo);
  const auto manager = SystemdManager();
  const Status served = RunActor(config, *manager, *log);
  return served ? ExitCode::kDone : ui::Fail(served.error());
}

}  // namespace

Command ActorCommand() {
  return {"actor", "act on units when their secrets change; started by systemd", [](CLI::App& app) {
            const auto config = std::make_shared<std::string>(DefaultConfigFile());
            AddConfigOption(app, *config);
            return [config] { return Run(*config); };
          }};
}

}  // namespace secretfs
