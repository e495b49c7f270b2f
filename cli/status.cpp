// `secretfs status`: what a mounted secretfs says of its secrets, from .secretfs/status.json.
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/command.h"
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
  constexpr size_t kLimit = size_t{64} << 20U;
  const auto content = ReadFile(options.mount_point + "/.secretfs/status.json", kLimit);
  if (!content && content.error().code == Code::kPermission) {
    return ui::Fail({Code::kPermission, "only root may see the status", options.mount_point,
                     "run it with sudo"});
  }
  if (!content) {
    return ui::Fail({Code::kNotFound, "no secretfs is mounted here", options.mount_point,
                     "start it: systemctl start secretfs, or secretfs mount"},
                    ExitCode::kNotMounted);
  }
  const Json status = Json::parse(AsText(*content), nullptr, false);
  if (status.is_discarded())
    return ui::Fail(
        {Code::kInvalid, "is not JSON", options.mount_point + "/.secretfs/status.json", ""});
  if (options.json) std::fwrite(content->data(), 1, content->size(), stdout);
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
