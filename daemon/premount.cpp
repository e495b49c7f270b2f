#include "daemon/premount.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"
#include "daemon/copies.h"
#include "daemon/notify.h"
#include "daemon/own_unit.h"
#include "daemon/stored_descriptors.h"
#include "fs/mount.h"
#include "fs/mount_table.h"
#include "fs/state.h"

namespace secretfs {
namespace {

constexpr const char* kNamespace = "/proc/1/ns/mnt";

/// A command of a unit that is sandboxed is in the unit's own namespace, even with `+`: a mount
/// made there would end with this process.
Status EnterNamespaceOfInit() {
  const UniqueFd theirs(::open(kNamespace, O_RDONLY | O_CLOEXEC));
  if (!theirs) return SystemError(errno, "cannot open", kNamespace);
  struct stat there {};
  struct stat here {};
  if (::fstat(theirs.get(), &there) == 0 && ::stat("/proc/self/ns/mnt", &here) == 0 &&
      there.st_ino == here.st_ino && there.st_dev == here.st_dev) {
    return Ok{};
  }
  if (::setns(theirs.get(), CLONE_NEWNS) != 0) {
    return SystemError(errno, "cannot enter the mount namespace", kNamespace);
  }
  return Ok{};
}

Result<bool> IsMounted(const std::string& mount_point) {
  const auto mount = TRY(fs::FindMount(mount_point));
  return mount && mount->ours;
}

Result<ConnectionDescriptors> MountAnew(const std::string& mount_point) {
  TRY(fs::AbandonAll(mount_point));  // nobody could serve it any more
  fs::Mount mount = TRY(fs::MountAt(mount_point));
  ConnectionDescriptors descriptors;
  descriptors.root = TRY(fs::WritableCopy(mount));
  descriptors.device = std::move(mount.device);
  descriptors.state = TRY(fs::State::Make());
  return descriptors;
}

}  // namespace

Status Premount(const std::string& mount_point, Log& log) {
  TRY(EnterNamespaceOfInit());
  // Whether or not a copy is declared now, as nobody who runs later may mount.
  if (const Status plain = MountPlainFolder(); !plain) {
    log.Warning("no_place_for_copies",
                {{"reason", plain.error().Text()}, {"hint", plain.error().hint}});
  }
  const OwnUnit unit = TRY(OwnUnit::Ask());
  const uint32_t stored = TRY(unit.StoredDescriptors());
  if (stored == kStoredDescriptors) {
    const auto mounted = IsMounted(mount_point);
    if (!mounted) log.Warning("mounts_not_read", {{"reason", mounted.error().Text()}});
    if (!mounted || *mounted) return Ok{};  // what cannot be known is taken to be as it was
  }
  if (stored != 0) {
    Notifier manager;
    ForgetStored(manager);
  }
  const ConnectionDescriptors descriptors = TRY(MountAnew(mount_point));
  const Status kept = Store(descriptors);
  if (!kept) {
    (void)fs::AbandonAll(mount_point);
    return kept;
  }
  log.Info("mounted", {{"mount", mount_point}});
  return Ok{};
}

bool IsRealStop(const std::string& job, const ServiceEnd& end) {
  if (job == "stop") return true;
  // RestartPreventExitStatus= of the unit: wrong usage or configuration.
  const bool final =
      end.exit_code == "exited" && (end.exit_status == "2" || end.exit_status == "3");
  return final && (job.empty() || job == "start");
}

Status UnmountAtStop(const std::string& mount_point, const ServiceEnd& end, Log& log) {
  TRY(EnterNamespaceOfInit());
  const OwnUnit unit = TRY(OwnUnit::Ask());
  if (!TRY(IsMounted(mount_point))) return Ok{};
  // Given up: nobody keeps it, and a server that cannot end must not hold up the next start.
  const bool lost = TRY(unit.StoredDescriptors()) == 0;
  if (!lost && !IsRealStop(TRY(unit.Job()), end)) return Ok{};
  TRY(lost ? fs::AbandonAll(mount_point) : fs::UnmountAll(mount_point));
  log.Info("unmounted", {{"mount", mount_point}});
  return Ok{};
}

}  // namespace secretfs
