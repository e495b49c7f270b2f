// `secretfs reload`: has a mounted secretfs read its configuration again, and says what came of it.
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
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
#include "fs/mount.h"

namespace secretfs {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds kLookSoon{20};
constexpr std::chrono::milliseconds kLookLater{250};
constexpr std::chrono::milliseconds kSoon{200};
constexpr std::chrono::seconds kSayAfter{2};
constexpr std::chrono::seconds kPatience{60};

struct Options {
  std::string mount_point = DefaultMountPoint();
  pid_t process = 0;  // to ask, instead of who says that he serves
};

uint64_t Count(const Json& status, const char* what) {
  return status.at("reloads").at(what).get<uint64_t>();
}

/// Root's mounts may be served by a user of their own.
bool IsService(uid_t user, uid_t owner) {
  const passwd* const service = ::getpwnam("secretfs");
  return owner == 0 && service != nullptr && service->pw_uid == user;
}

/// Who serves a mount says what its status is. So that nobody can have us signal what is not his,
/// the process must belong to the user who mounted, as the kernel has it.
Status CheckOwner(pid_t pid, const std::string& mount_point) {
  constexpr std::string_view kUid = "\nUid:\t";
  constexpr size_t kLimit = size_t{1} << 20U;
  const uid_t owner = TRY(fs::MountedBy(mount_point));
  const Bytes status = TRY(ReadFile("/proc/" + std::to_string(pid) + "/status", kLimit));
  const std::string_view text = AsText(status);
  const size_t at = text.find(kUid);
  uid_t user = 0;
  if (at != std::string_view::npos) {
    const char* const begin = text.data() + at + kUid.size();
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), user);
    if (error == std::errc() && (user == owner || IsService(user, owner))) return Ok{};
  }
  return Error{Code::kPermission,
               "its status names process " + std::to_string(pid) + ", which is not the daemon's",
               mount_point, ""};
}

/// SIGHUP to the daemon. If it answers with the same process id after that was opened, then it is
/// the process that was opened, and no other one that has its number now.
Status Ask(const Json& status, const std::string& mount_point) {
  const auto pid = status.at("pid").get<pid_t>();
  const std::string failed = "cannot reach the daemon, process " + std::to_string(pid);
  const UniqueFd daemon(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!daemon) return SystemError(errno, failed, mount_point);
  const Json again = TRY(ReadMountedStatus(mount_point)).json;
  if (again.at("pid") != status.at("pid")) {
    return Error{Code::kUnavailable, "is being mounted anew", mount_point, "try again"};
  }
  TRY(CheckOwner(pid, mount_point));
  if (::syscall(SYS_pidfd_send_signal, daemon.get(), SIGHUP, nullptr, 0) == 0) return Ok{};
  return SystemError(errno, failed, mount_point);
}

Status AskProcess(pid_t process) {
  if (::kill(process, SIGHUP) == 0) return Ok{};
  return SystemError(errno, "cannot reach process " + std::to_string(process), "");
}

/// Who serves now, asked by us, who are the newest program.
Status CheckProgram(const Json& status) {
  const auto served = StampOf("/proc/" + std::to_string(status.at("pid").get<pid_t>()) + "/exe");
  const auto ours = StampOf("/proc/self/exe");
  if (!served || !ours || *served == *ours) return Ok{};
  return Error{Code::kUnavailable, "the new program did not start, and the old one serves on", "",
               "its log says why: journalctl -u secretfs"};
}

/// What is not well although the configuration is valid.
void NoteFailing(const Json& status) {
  size_t failing = 0;
  for (const Json& secret : status.at("secrets")) {
    const Json& state = secret.at("state");
    failing += state == "failed" || state == "stale" ? 1 : 0;
  }
  if (failing == 0) return;
  ui::Note(std::to_string(failing) + " secrets are stale or failed: secretfs status says why");
}

ExitCode Report(const Json& status, const Options& options) {
  const Json& reloads = status.at("reloads");
  if (!reloads.contains("reason")) {
    const Status upgraded = options.process == 0 ? Status(Ok{}) : CheckProgram(status);
    if (!upgraded) return ui::Fail(upgraded.error());
    ui::Print(options.mount_point + ": reloaded");
    NoteFailing(status);
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
    const uint64_t before = Count(status->json, "asked");
    const Json server = status->json.at("pid");
    const Status asked =
        options.process == 0 ? Ask(status->json, options.mount_point) : AskProcess(options.process);
    if (!asked) return ui::Fail(asked.error());
    const auto start = std::chrono::steady_clock::now();
    bool said = false;
    // Another process has read all anew.
    while (status->json.at("pid") == server && Count(status->json, "answered") <= before) {
      const auto waited = std::chrono::steady_clock::now() - start;
      if (waited > kPatience) {
        return ui::Fail({Code::kTimeout, "the daemon has not read its configuration in a minute",
                         options.mount_point, "its log says why: journalctl -u secretfs"});
      }
      if (waited > kSayAfter && !std::exchange(said, true)) ui::Note("waiting for the daemon");
      std::this_thread::sleep_for(waited < kSoon ? kLookSoon : kLookLater);  // each is on record
      status = ReadMountedStatus(options.mount_point);
      if (!status) return FailOnStatus(status.error());
    }
    return Report(status->json, options);
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
            app.add_option("--process", options->process,
                           "the process to ask, such as a supervisor, which also upgrades");
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
