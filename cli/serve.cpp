#include "cli/serve.h"

#include "cli/config_option.h"
#include "cli/ui.h"
#include "daemon/config_files.h"
#include "daemon/daemon.h"

namespace secretfs {

ExitCode Serve(const ServeOptions& options, std::optional<Takeover> takeover) {
  std::optional<Preparing> preparing;
  if (takeover) preparing.emplace(takeover->control.get());
  ConfigDefaults defaults = options.defaults;
  defaults.mount_point = AbsolutePath(options.mount_point);
  const auto config = ReadConfig(options.config, defaults);
  if (!config) return FailOnConfig(config.error());
  const auto log = StderrLog(options.debug ? Level::kDebug : Level::kInfo);
  Surroundings surroundings;
  surroundings.state_folder = CacheFolder();
  auto assembly = Assemble(*config, *log, nullptr, surroundings);
  if (!assembly) return FailOnConfig(assembly.error());
  const DaemonOptions daemon{options.config, defaults, options.mount_point, SECRETFS_VERSION};
  preparing.reset();  // its thread would be none of the sandbox that is entered now
  const Status served = RunDaemon(daemon, *config, *std::move(assembly), *log, std::move(takeover));
  return served ? ExitCode::kDone : ui::Fail(served.error());
}

}  // namespace secretfs
