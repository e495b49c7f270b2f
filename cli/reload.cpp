// `secretfs reload`: has a mounted secretfs read its configuration again, and says what came of it.
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "cli/command.h"
#include "cli/mounted_status.h"
#include "cli/ui.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds kLookEvery{20};
constexpr std::chrono::seconds kSayAfter{2};
constexpr std::chrono::seconds kPatience{60};

struct Options {
  std::string mount_point = DefaultMountPoint();
};

uint64_t Attempts(const Json& status) {
  const Json& reloads = status.at("reloads");
  return reloads.at("succeeded").get<uint64_t>() + reloads.at("failed").get<uint64_t>();
}

/// SIGHUP to the daemon. If it answers with the same process id after that was opened, then it is
/// the process that was opened, and no other one that has its number now.
Status Ask(const Json& status, const std::string& mount_point) {
  const auto pid = status.at("pid").get<pid_t>();
  const UniqueFd daemon(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const Error failed =
      SystemError(errno, "cannot reach the daemon, process " + std::to_string(pid), mount_point);
  if (!daemon) return failed;
  const Json again = TRY(ReadMountedStatus(mount_point));
  if (again.at("pid") != status.at("pid")) {
    return Error{Code::kUnavailable, "is being mounted anew", mount_point, "try again"};
  }
  if (::syscall(SYS_pidfd_send_signal, daemon.get(), SIGHUP, nullptr, 0) == 0) return Ok{};
  return SystemError(errno, failed.what, mount_point);
}

ExitCode Report(const Json& status, const Options& options) {
  const Json& reloads = status.at("reloads");
  if (!reloads.contains("reason")) {
    ui::Print(options.mount_point + ": reloaded");
    return ExitCode::kDone;
  }
  return ui::Fail(
      {Code::kInvalid, reloads.at("reason").get<std::string>(), "", reloads.value("hint", "")},
      ExitCode::kConfigInvalid);
}

ExitCode Run(const Options& options) {
  auto status = ReadMountedStatus(options.mount_point);
  if (!status) return FailOnStatus(status.error());
  try {
    const uint64_t before = Attempts(*status);
    if (const Status asked = Ask(*status, options.mount_point); !asked) {
      return ui::Fail(asked.error());
    }
    const auto start = std::chrono::steady_clock::now();
    bool said = false;
    while (Attempts(*status) == before) {
      const auto waited = std::chrono::steady_clock::now() - start;
      if (waited > kPatience) {
        return ui::Fail({Code::kTimeout, "the daemon has not read its configuration in a minute",
                         options.mount_point, "its log says why: journalctl -u secretfs"});
      }
      if (waited > kSayAfter && !std::exchange(said, true)) ui::Note("waiting for the daemon");
      std::this_thread::sleep_for(kLookEvery);
      status = ReadMountedStatus(options.mount_point);
      if (!status) return FailOnStatus(status.error());
    }
    return Report(*status, options);
  } catch (const Json::exception&) {
    return ui::Fail({Code::kInvalid, "is the status of another version of secretfs",
                     options.mount_point, "systemctl restart secretfs"});
  }
}

}  // namespace

Command ReloadCommand() {
  return {"reload", "have a mounted secretfs read its configuration again", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            app.add_option("MOUNTPOINT", options->mount_point, "where it is mounted")
                ->capture_default_str();
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
