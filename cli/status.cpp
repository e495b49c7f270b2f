// `secretfs status`: what a mounted secretfs says of its secrets, from .secretfs/status.json.
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/mounted_status.h"
#include "cli/status_table.h"
#include "cli/ui.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

using Json = nlohmann::json;

struct Options {
  std::string mount_point = DefaultMountPoint();
  bool json = false;
};

/// In columns; 0 when standard output is no terminal.
size_t TerminalWidth() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) != 1 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void PrintTable(const Json& status) {
  std::fputs(StatusText(status, TerminalWidth()).c_str(), stdout);
  for (const Json& problem : status.at("identity_problems")) {
    ui::Warn(problem.at("reason").get<std::string>(), problem.value("hint", ""));
  }
}

ExitCode Verdict(const Json& status) {
  const Json& secrets = status.at("secrets");
  const bool failed = std::any_of(secrets.begin(), secrets.end(), [](const Json& secret) {
    return secret.at("state") == "failed";
  });
  return failed ? ExitCode::kSomeSecretsFailed : ExitCode::kDone;
}

ExitCode Run(const Options& options) {
  const auto mounted = ReadMountedStatus(options.mount_point);
  if (!mounted) return FailOnStatus(mounted.error());
  const Json& status = mounted->json;
  if (options.json) std::fwrite(mounted->text.data(), 1, mounted->text.size(), stdout);
  try {
    if (!options.json) PrintTable(status);
    return Verdict(status);
  } catch (const Json::exception&) {
    return ui::Fail({Code::kInvalid, "is the status of another version of secretfs",
                     options.mount_point, "try --json"});
  }
}

}  // namespace

Command StatusCommand() {
  return {"status", "show the state of every secret of a mounted secretfs", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            app.add_option("MOUNTPOINT", options->mount_point, "where it is mounted")
                ->capture_default_str();
            app.add_flag("--json", options->json, "print JSON instead of a table");
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
