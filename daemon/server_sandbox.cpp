#include "daemon/server_sandbox.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/text.h"
#include "daemon/config_files.h"
#include "daemon/credential_sockets.h"
#include "daemon/keeper_channel.h"
#include "daemon/privileges.h"
#include "fs/program.h"

namespace secretfs {
namespace {

namespace stdfs = std::filesystem;

std::string FolderOf(const std::string& path) { return stdfs::path(path).parent_path().string(); }

/// The folders that a variable of systemd's names.
void AddFoldersIn(const char* variable, std::set<std::string>& folders) {
  const char* value = std::getenv(variable);
  std::istringstream all(value == nullptr ? "" : value);
  for (std::string folder; std::getline(all, folder, ':');) {
    if (folder.starts_with('/')) folders.insert(folder);
  }
}

/// The folder, since the file is put aside; but not of a device or pipe.
std::string PlaceOfAudit(const AuditConfig& audit) {
  struct stat st {};
  const bool special = ::stat(audit.file.c_str(), &st) == 0 && !S_ISREG(st.st_mode);
  return special ? audit.file : FolderOf(audit.file);
}

/// For a keeper that is our child, and in the same sandbox.
void AddKept(const Config& config, const std::string& mount_point, std::set<std::string>& folders) {
  std::set<std::string> links;
  const auto add = [&links](const Consumers& consumers) {
    for (const std::string& link : consumers.links) links.insert(FolderOf(link));
    for (const std::string& copy : consumers.copies) links.insert(FolderOf(copy));
  };
  for (const SecretConfig& secret : config.secrets) add(secret.consumers);
  for (const ViewConfig& view : config.views) add(view.consumers);
  if (links.empty()) return;
  links.insert(FolderOf(RecordOf("links", mount_point)));
  links.insert(FolderOf(RecordOfThisBoot("copies", mount_point)));
  std::error_code failed;  // a rule needs the folder to be there; who makes links says what failed
  for (const std::string& folder : links) stdfs::create_directories(folder, failed);
  folders.merge(links);
}

bool HasRulesOfPrograms(const Config& config) {
  return std::ranges::any_of(config.secrets, AsksForPrograms, &SecretConfig::access) ||
         std::ranges::any_of(config.views, AsksForPrograms, &ViewConfig::access);
}

}  // namespace

SandboxPlaces PlacesOf(const Config& config, const std::string& mount_point, int touched) {
  std::set<std::string> folders;
  for (const char* variable : {"RUNTIME_DIRECTORY", "STATE_DIRECTORY", "LOGS_DIRECTORY"}) {
    AddFoldersIn(variable, folders);
  }
  if (!config.audit.file.empty()) folders.insert(PlaceOfAudit(config.audit));
  for (const CredentialSocket& socket : CredentialSockets(config.credentials, RuntimeFolder())) {
    const std::string folder = FolderOf(socket.path);
    ::mkdir(folder.c_str(), 0700);  // as its listener would
    folders.insert(folder);
  }
  SandboxPlaces places;
  if (!HasKeeperSocket()) {
    AddKept(config, mount_point, folders);
    std::error_code failed;
    places.programs = SystemPrograms();
    places.programs.push_back(stdfs::read_symlink("/proc/self/exe", failed));
  }
  places.writable.assign(folders.begin(), folders.end());
  if (config.plugins) {
    const std::vector<std::string> system = SystemPrograms();
    places.programs.insert(places.programs.end(), system.begin(), system.end());
    places.programs.push_back(config.plugins->folder);
    places.devices = KeyDevices();
  }
  places.touched = touched;
  return places;
}

std::optional<ServerSandbox> ServerSandbox::Enter(const Config& config,
                                                  const std::string& mount_point, int touched,
                                                  Log& log) {
  const bool root = ::geteuid() == 0;
  const bool by_systemd = std::getenv("INVOCATION_ID") != nullptr;
  if (!by_systemd && (touched < 0 || root)) {
    if (root) (void)ForbidNewPrivileges();  // a user needs the setuid helper
    log.Info("not_sandboxed", {{"reason",
                                "should its supervisor end, this process has to unmount, "
                                "which Landlock forbids"}});
    return std::nullopt;
  }
  const bool sees = touched < 0 || fs::SeesProgramsOfOthers();  // a user sees his own
  const bool audited = !config.audit.file.empty() || config.audit.journal;
  if (sees && (audited || HasRulesOfPrograms(config))) {
    (void)ForbidNewPrivileges();
    log.Info("not_sandboxed", {{"reason",
                                "Landlock would hide which programs others run, which "
                                "the audit and rules of programs (exe:) have to tell"}});
    return std::nullopt;
  }
  SandboxPlaces places = PlacesOf(config, mount_point, touched);
  const std::string writes = Join(places.writable);
  const std::string runs = Join(places.programs);
  auto sandbox = Sandbox::Enter(std::move(places));
  if (!sandbox) {
    log.Warning("not_sandboxed", {{"reason", sandbox.error().Text()}});
    return std::nullopt;
  }
  log.Info("sandboxed", {{"landlock", sandbox->version()}, {"writes", writes}, {"runs", runs}});
  const bool hides = sees && sandbox->version() > 0;
  return ServerSandbox(*std::move(sandbox), hides);
}

Status ServerSandbox::Fits(const Config& config) const {
  if (!config.audit.file.empty()) TRY(sandbox_.MayWrite(config.audit.file));
  for (const CredentialSocket& socket : CredentialSockets(config.credentials, RuntimeFolder())) {
    TRY(sandbox_.MayWrite(socket.path));
  }
  if (config.plugins) TRY(sandbox_.MayRunFrom(config.plugins->folder));
  if (!hides_programs_ || !HasRulesOfPrograms(config)) return Ok{};
  return Error{Code::kInvalid, "rules of programs (exe:) cannot be decided in the sandbox", "",
               "start secretfs anew: with them it enters none"};
}

}  // namespace secretfs
