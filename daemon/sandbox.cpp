#include "daemon/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/unique_fd.h"

namespace secretfs {
namespace {

namespace stdfs = std::filesystem;

// The headers here are older than these.
constexpr uint64_t kTruncate = 1U << 14;       // version 3, Linux 6.2
constexpr uint64_t kDeviceControl = 1U << 15;  // version 5, Linux 6.10
constexpr uint64_t kScopes = 3;  // abstract sockets and signals of others; version 6, Linux 6.12

/// struct landlock_ruleset_attr as version 6 has it; older ones have the first fields.
struct Ruleset {
  uint64_t files = 0;
  uint64_t net = 0;
  uint64_t scoped = 0;
};

constexpr uint64_t kWriteFile = LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
constexpr uint64_t kChangeFolder = LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |
                                   LANDLOCK_ACCESS_FS_REFER;
constexpr uint64_t kNever =
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO;
constexpr uint64_t kOnFiles = kWriteFile | kDeviceControl | LANDLOCK_ACCESS_FS_EXECUTE;

/// What a kernel of this version can keep from us. Reading is not among it: sources may be
/// anywhere.
Ruleset HandledBy(int version) noexcept {
  Ruleset handled;
  handled.files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | kNever |
                  (kChangeFolder & ~uint64_t{LANDLOCK_ACCESS_FS_REFER});
  if (version >= 2) handled.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) handled.files |= kTruncate;
  if (version >= 5) handled.files |= kDeviceControl;
  if (version >= 6) handled.scoped = kScopes;
  return handled;
}

size_t SizeFor(int version) noexcept {
  if (version < 4) return sizeof(Ruleset::files);
  return version < 6 ? sizeof(Ruleset::files) + sizeof(Ruleset::net) : sizeof(Ruleset);
}

/// 0 where there is none, or where it is turned off.
int VersionOfKernel() noexcept {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, size_t{0}, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

Status Allow(const UniqueFd& ruleset, int place, uint64_t access) {
  landlock_path_beneath_attr rule{access, place};
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0) {
    return Ok{};
  }
  // A pipe or socket, which Landlock has nothing against.
  if (errno == EBADFD) return Ok{};
  return SystemError(errno, "cannot add a rule of Landlock", "");
}

Status AllowAt(const UniqueFd& ruleset, const std::string& path, uint64_t access) {
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat st {};
  if (!place || ::fstat(place.get(), &st) != 0) return Ok{};
  return Allow(ruleset, place.get(), S_ISDIR(st.st_mode) ? access : access & kOnFiles);
}

Status AllowAll(const UniqueFd& ruleset, const SandboxPlaces& places, uint64_t handled) {
  const uint64_t write = (kWriteFile | kChangeFolder) & handled;
  for (const std::string& path : places.writable) TRY(AllowAt(ruleset, path, write));
  for (const std::string& path : places.programs) {
    TRY(AllowAt(ruleset, path, LANDLOCK_ACCESS_FS_EXECUTE));
  }
  const uint64_t use = (kWriteFile | kDeviceControl) & handled;
  for (const std::string& path : places.devices) TRY(AllowAt(ruleset, path, use));
  // Programs that are started have it as their input or output.
  TRY(AllowAt(ruleset, "/dev/null", kWriteFile & handled));
  return places.touched < 0 ? Status(Ok{}) : Allow(ruleset, places.touched, kWriteFile & handled);
}

std::string Plain(const std::string& path) {
  std::error_code failed;
  const stdfs::path plain = stdfs::weakly_canonical(path, failed);
  return failed ? path : plain.string();
}

bool IsBelow(const std::string& path, const std::vector<std::string>& places) {
  return std::ranges::any_of(places, [&](const std::string& place) {
    const std::string whole = Plain(place);
    const std::string inside = Plain(path);
    return inside == whole || whole == "/" || inside.starts_with(whole + "/");
  });
}

Status Outside(const std::string& what, const std::string& path) {
  return Error{Code::kInvalid, what, path,
               "start secretfs anew: where it may write and what it may run is settled by the "
               "configuration of its start"};
}

}  // namespace

Sandbox::Sandbox(SandboxPlaces places, int version) noexcept
    : places_(std::move(places)), version_(version) {}

Result<Sandbox> Sandbox::Enter(SandboxPlaces places) {
  if (!ForbidNewPrivileges()) return SystemError(errno, "cannot forbid new privileges", "");
  const int version = VersionOfKernel();
  if (version == 0) return Sandbox(std::move(places), 0);
  const Ruleset handled = HandledBy(version);
  const UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, SizeFor(version), 0)));
  if (!ruleset) return SystemError(errno, "cannot make a ruleset of Landlock", "");
  TRY(AllowAll(ruleset, places, handled.files));
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return SystemError(errno, "cannot put the rules of Landlock in force", "");
  }
  return Sandbox(std::move(places), version);
}

Status Sandbox::MayWrite(const std::string& path) const {
  if (version_ == 0 || IsBelow(path, places_.writable)) return Ok{};
  return Outside("is outside of what this process may write", path);
}

Status Sandbox::MayRunFrom(const std::string& folder) const {
  if (version_ == 0 || IsBelow(folder, places_.programs)) return Ok{};
  return Outside("is outside of what this process may run", folder);
}

bool ForbidNewPrivileges() noexcept { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }

std::vector<std::string> SystemPrograms() {
  return {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/nix/store"};
}

std::vector<std::string> KeyDevices() {
  std::vector<std::string> devices;
  std::error_code failed;
  for (const auto& device : stdfs::directory_iterator("/dev", failed)) {
    const std::string name = device.path().filename().string();
    if (name.starts_with("tpmrm") || name.starts_with("hidraw")) devices.push_back(device.path());
  }
  return devices;
}

}  // namespace secretfs
