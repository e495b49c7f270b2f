#include "fs/mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <vector>

#include "base/child_process.h"
#include "base/file.h"
#include "base/text.h"
#include "fs/mount_table.h"

namespace secretfs::fs {
namespace {

constexpr const char* kKind = "fuse";
constexpr std::string_view kHelper = "fusermount3";
constexpr std::string_view kHelperFolders[] = {"/run/wrappers/bin", "/usr/bin", "/bin",
                                               "/usr/local/bin"};

bool IsRoot() { return ::geteuid() == 0; }

/// The number that the option `name` of a FUSE mount gives.
std::optional<uid_t> IdIn(const std::string& options, std::string_view name) {
  const std::string key = ',' + std::string(name) + '=';
  const std::string all = ',' + options;
  const size_t at = all.find(key);
  if (at == std::string::npos) return std::nullopt;
  uid_t id = 0;
  const char* const begin = all.data() + at + key.size();
  const auto [end, error] = std::from_chars(begin, all.data() + all.size(), id);
  return error == std::errc() && end != begin ? std::optional(id) : std::nullopt;
}

Error NoMount(const std::string& path) {
  return {Code::kNotFound, "no secretfs is mounted here", path, ""};
}

Result<bool> IsOurMount(const std::string& path) {
  const auto mount = TRY(FindMount(path));
  return mount && mount->ours;
}

/// Runs the helper; `fd` (or -1) stays open in it. Errors: kUnavailable when it is not installed,
/// kIo when it fails.
Status RunHelper(const std::vector<std::string>& arguments, int fd) {
  auto program = FindProgram(kHelperFolders, kHelper);
  if (!program) {
    return Error{Code::kUnavailable, "fusermount3 cannot be run", "",
                 "install the package fuse3, or mount as root"};
  }
  ChildOptions options;
  options.program = *std::move(program);
  options.arguments = arguments;
  options.environment = {"PATH=/usr/bin:/bin:/usr/local/bin:/run/wrappers/bin"};
  if (fd >= 0) {
    options.environment.push_back("_FUSE_COMMFD=" + std::to_string(fd));
    options.keep = {fd};
  }
  const auto helper = TRY(ChildProcess::Start(options));
  const ChildEnd end = TRY(helper->Wait(kNoDeadline));
  if (!end.Well()) return Error{Code::kIo, "fusermount3 failed (its reason is above)", "", ""};
  return Ok{};
}

Result<UniqueFd> ReceiveDescriptor(int socket) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t n = -1;
  do {
    n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  const cmsghdr* header = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
    return Error{Code::kIo, "fusermount3 gave no descriptor", "", ""};
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return UniqueFd(fd);
}

bool OthersAllowed() {
  const auto config = ReadFile("/etc/fuse.conf", size_t{1} << 20U);
  if (!config) return false;
  std::istringstream lines{std::string(AsText(*config))};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    if (words >> word && word == "user_allow_other") return true;
  }
  return false;
}

Status MountAsUser(Mount& mount) {
  mount.shared = OthersAllowed();
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return SystemError(errno, "cannot make a socket", mount.path);
  }
  UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  const std::string options =
      std::string("ro,nosuid,nodev,noexec,noatime,fsname=secretfs,subtype=secretfs") +
      (mount.shared ? ",allow_other" : "");
  TRY(RunHelper({"-o", options, "--", mount.path}, theirs.get()));
  theirs.reset();
  mount.device = TRY(ReceiveDescriptor(ours.get()));
  return Ok{};
}

/// Without asking the file system, which does not answer before its daemon serves.
Result<uint64_t> MountIdOf(int fd, const std::string& path) {
  struct statx answer {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &answer) != 0 ||
      (answer.stx_mask & STATX_MNT_ID) == 0) {
    return SystemError(errno, "cannot tell the mount", path);
  }
  return answer.stx_mnt_id;
}

/// A mount that is not in the tree yet. It is read-only, but its file system is not, or no copy of
/// the mount could be written to.
Result<UniqueFd> MakeMount(int device) {
  const UniqueFd context(::fsopen(kKind, FSOPEN_CLOEXEC));
  if (!context) return SystemError(errno, "cannot open the file system", kKind);
  const std::pair<const char*, std::string> options[] = {
      {"source", "secretfs"}, {"subtype", "secretfs"}, {"fd", std::to_string(device)},
      {"rootmode", "40000"},  {"user_id", "0"},        {"group_id", "0"}};
  for (const auto& [key, value] : options) {
    if (::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) != 0)
      return SystemError(errno, "cannot set up the file system", key);
  }
  if (::fsconfig(context.get(), FSCONFIG_SET_FLAG, "allow_other", nullptr, 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return SystemError(errno, "cannot make the file system", kKind);
  }
  UniqueFd made(::fsmount(context.get(), FSMOUNT_CLOEXEC,
                          MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                              MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME));
  if (!made) return SystemError(errno, "cannot make the mount", kKind);
  return made;
}

Status MountAsRoot(Mount& mount) {
  mount.shared = true;
  mount.device = UniqueFd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!mount.device) {
    Error error = SystemError(errno, "cannot open", "/dev/fuse");
    error.code = Code::kUnavailable;
    error.hint = "load the module: modprobe fuse (a container needs --device /dev/fuse)";
    return error;
  }
  // Held by descriptor, so that the folder cannot be swapped for a link to another one meanwhile.
  const UniqueFd folder(::open(mount.path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return SystemError(errno, "cannot open the folder", mount.path);
  const UniqueFd made = TRY(MakeMount(mount.device.get()));
  mount.id = TRY(MountIdOf(made.get(), mount.path));
  if (::move_mount(made.get(), "", folder.get(), "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    return SystemError(errno, "cannot mount", mount.path);
  }
  return Ok{};
}

/// A mount whose server died answers ENOTCONN to everything until it is taken away.
Status ClearDeadMounts(const std::string& path) {
  while (TRY(IsOurMount(path))) {
    struct statx answer {};  // forced, since the kernel may remember a dead server's answers
    if (::statx(AT_FDCWD, path.c_str(), AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &answer) == 0 ||
        errno != ENOTCONN) {
      return Error{Code::kInvalid, "a secretfs is already mounted here", path,
                   "unmount it first, or choose another mount point"};
    }
    TRY(Unmount(path));
  }
  return Ok{};
}

/// The mount point as an absolute path; made when it is missing. Must not ask a dead mount, so
/// parents are resolved, not the folder itself.
Result<std::string> PrepareFolder(const std::string& path) {
  namespace stdfs = std::filesystem;
  std::error_code failed;
  stdfs::path folder = stdfs::absolute(path, failed).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  const stdfs::path parent = folder.parent_path();
  if (failed || parent == folder) return Error{Code::kInvalid, "is not a mount point", path, ""};
  stdfs::create_directories(parent, failed);
  if (failed) return SystemError(failed.value(), "cannot make the folder", parent.string());
  const stdfs::path real_parent = stdfs::canonical(parent, failed);
  if (failed) return SystemError(failed.value(), "cannot find the folder", parent.string());
  return (real_parent / folder.filename()).string();
}

Status CheckFolder(Mount& mount) {
  struct stat st {};
  if (::lstat(mount.path.c_str(), &st) != 0) {
    if (errno != ENOENT) return SystemError(errno, "cannot stat", mount.path);
    if (::mkdir(mount.path.c_str(), 0755) != 0)
      return SystemError(errno, "cannot make the folder", mount.path);
    return Ok{};
  }
  if (S_ISLNK(st.st_mode)) {
    return Error{Code::kInvalid, "is a symbolic link, not a folder", mount.path,
                 "another tool (sops-nix?) keeps its secrets here: choose another mount point or "
                 "disable it"};
  }
  if (!S_ISDIR(st.st_mode)) return Error{Code::kInvalid, "is not a folder", mount.path, ""};
  std::error_code failed;
  mount.covered = !std::filesystem::is_empty(mount.path, failed) && !failed;
  return Ok{};
}

/// All who serve share the open file, so it must be the same for each.
Status MakeNonBlocking(const Mount& mount) {
  const int flags = ::fcntl(mount.device.get(), F_GETFL);
  if (flags < 0 || ::fcntl(mount.device.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return SystemError(errno, "cannot set up the connection", mount.path);
  }
  return Ok{};
}

}  // namespace

Result<Mount> MountAt(const std::string& path) {
  Mount mount;
  mount.path = TRY(PrepareFolder(path));
  mount.owner = ::geteuid();
  mount.group = ::getegid();
  TRY(ClearDeadMounts(mount.path));
  TRY(CheckFolder(mount));
  TRY(IsRoot() ? MountAsRoot(mount) : MountAsUser(mount));
  TRY(MakeNonBlocking(mount));
  return mount;
}

Result<Mount> AdoptMount(const std::string& path, UniqueFd device, UniqueFd root) {
  const auto line = TRY(FindMount(path));
  const auto owner = line && line->ours ? IdIn(line->options, "user_id") : std::nullopt;
  const auto group = line && line->ours ? IdIn(line->options, "group_id") : std::nullopt;
  if (!owner || !group) return NoMount(path);
  Mount mount;
  mount.path = path;
  mount.device = std::move(device);
  mount.root = std::move(root);
  mount.owner = *owner;
  mount.group = *group;
  mount.shared = (',' + line->options + ',').find(",allow_other,") != std::string::npos;
  TRY(MakeNonBlocking(mount));
  return mount;
}

Result<UniqueFd> WritableCopy(const Mount& mount) {
  if (mount.id == 0) return Error{Code::kUnsupported, "a user's mount has no copy", mount.path, ""};
  const UniqueFd root(::open(mount.path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root) return SystemError(errno, "cannot find the mount", mount.path);
  if (TRY(MountIdOf(root.get(), mount.path)) != mount.id) {
    return Error{Code::kNotFound, "something else is mounted here now", mount.path, ""};
  }
  UniqueFd copy(::open_tree(root.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  mount_attr writable{};
  writable.attr_clr = MOUNT_ATTR_RDONLY;
  writable.propagation = MS_PRIVATE;
  if (!copy || ::mount_setattr(copy.get(), "", AT_EMPTY_PATH, &writable, sizeof(writable)) != 0) {
    return SystemError(errno, "cannot copy the mount", mount.path);
  }
  return copy;
}

Result<uid_t> MountedBy(const std::string& path) {
  std::error_code failed;
  const std::string real = std::filesystem::canonical(path, failed).string();
  if (failed) return NoMount(path);
  const auto mount = TRY(FindMount(real));
  const auto user = mount && mount->ours ? IdIn(mount->options, "user_id") : std::nullopt;
  if (!user) return NoMount(path);
  return *user;
}

Status UnmountAll(const std::string& path) {
  while (TRY(IsOurMount(path))) TRY(Unmount(path));
  return Ok{};
}

bool AbortConnection(const std::string& device) {
  const std::string number = device.substr(device.find(':') + 1);
  const std::string file = "/sys/fs/fuse/connections/" + number + "/abort";
  const UniqueFd valve(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return valve && ::write(valve.get(), "1", 1) == 1;
}

Status Abandon(const std::string& path) {
  const auto mount = TRY(FindMount(path));
  if (!mount || !mount->ours) return NoMount(path);
  (void)AbortConnection(mount->device);
  constexpr int kForce = MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW;  // which aborts it as well
  if (IsRoot() && ::umount2(path.c_str(), kForce) == 0) return Ok{};
  return Unmount(path);
}

Status AbandonAll(const std::string& path) {
  while (TRY(IsOurMount(path))) TRY(Abandon(path));
  return Ok{};
}

Status Unmount(const std::string& path) {
  if (!IsRoot()) return RunHelper({"-u", "-z", "--", path}, -1);
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL) {
    return SystemError(errno, "cannot unmount", path);
  }
  return Ok{};
}

}  // namespace secretfs::fs
