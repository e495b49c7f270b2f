#include "daemon/copies.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "daemon/outside_path.h"
#include "fs/mount_table.h"

namespace secretfs {
namespace {

constexpr size_t kMostRecord = size_t{64} << 20U;
constexpr size_t kCompared = 4096;  // bytes at once

std::string DeviceText(dev_t device) {
  return std::to_string(major(device)) + ":" + std::to_string(minor(device));
}

/// Whether what is written there stays in memory.
Status CheckInMemory(int folder, const std::string& path) {
  struct statfs info {};
  struct stat st {};
  if (::fstatfs(folder, &info) != 0 || ::fstat(folder, &st) != 0) {
    return SystemError(errno, "cannot look at the folder of the copy", path);
  }
  if (info.f_type == RAMFS_MAGIC) return Ok{};
  const bool is_tmpfs = info.f_type == TMPFS_MAGIC;
  if (is_tmpfs && fs::HasOption(DeviceText(st.st_dev), "noswap")) return Ok{};
  return Error{Code::kInvalid,
               is_tmpfs ? "is on a tmpfs, which can be swapped out to a disk" : "is not on a ramfs",
               path,
               "put it below " + std::string(kPlainFolder) + ", or mount a ramfs on its folder"};
}

bool HasSameContent(int file, ByteView content) {
  struct stat st {};
  if (::fstat(file, &st) != 0 || static_cast<size_t>(st.st_size) != content.size()) return false;
  std::array<std::byte, kCompared> part{};
  bool same = true;
  for (size_t at = 0; at < content.size() && same;) {
    const auto n = ReadAt(file, at, ByteSpan(part), "");
    same = n && *n > 0 && *n <= content.size() - at &&
           ConstantTimeEqual(ByteView(part).first(*n), content.subspan(at, *n));
    at += n ? *n : 0;
  }
  Wipe(part);
  return same;
}

/// So that who watches it is told of changes only.
bool IsThere(int folder, const std::string& name, const Copy& copy) {
  const UniqueFd file(
      ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat st {};
  if (!file || ::fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode)) return false;
  return st.st_uid == copy.owner && st.st_gid == copy.group && (st.st_mode & 07777U) == copy.mode &&
         HasSameContent(file.get(), copy.content);
}

Status Fill(int folder, const std::string& name, const Copy& copy) {
  const UniqueFd file(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return SystemError(errno, "cannot make the copy", copy.path);
  TRY(WriteAll(file.get(), copy.content, copy.path));
  if (::fchown(file.get(), copy.owner, copy.group) != 0 || ::fchmod(file.get(), copy.mode) != 0) {
    return SystemError(errno, "cannot give the copy its owner and mode", copy.path);
  }
  return Ok{};
}

}  // namespace

bool HasCopies(const Config& config, const std::string& folder) {
  const auto any = [&folder](const auto& declared) {
    return std::ranges::any_of(declared.consumers.copies, [&folder](const std::string& path) {
      return path.starts_with(folder + "/");
    });
  };
  return std::ranges::any_of(config.secrets, any) || std::ranges::any_of(config.views, any);
}

Status MountPlainFolder() {
  std::error_code failed;
  std::filesystem::create_directories(kPlainFolder, failed);
  const UniqueFd folder(::open(kPlainFolder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return SystemError(errno, "cannot make the folder", kPlainFolder);
  struct statfs info {};
  if (::fstatfs(folder.get(), &info) == 0 && info.f_type == RAMFS_MAGIC) return Ok{};
  const std::string here = "/proc/self/fd/" + std::to_string(folder.get());
  if (::mount("ramfs", here.c_str(), "ramfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755") != 0) {
    Error error = SystemError(errno, "cannot mount a ramfs for copies", kPlainFolder);
    error.hint =
        "as root: mount -t ramfs -o nosuid,nodev,noexec ramfs " + std::string(kPlainFolder);
    return error;
  }
  return Ok{};
}

void PrepareForCopies(const Config& config, Log& log) {
  if (::geteuid() != 0 || !HasCopies(config, kPlainFolder)) return;
  if (const Status mounted = MountPlainFolder(); !mounted) {
    log.Warning("no_place_for_copies",
                {{"reason", mounted.error().Text()}, {"hint", mounted.error().hint}});
  }
}

Status Copies::Learn() {
  if (learnt_) return Ok{};
  const auto bytes = ReadFile(record_, kMostRecord);
  if (!bytes && bytes.error().code != Code::kNotFound) return bytes.error();
  std::string_view rest = bytes ? AsText(*bytes) : "";
  while (!rest.empty()) {
    const std::string_view path = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), path.size() + 1));
    if (path.starts_with('/')) ours_.emplace(path);
  }
  learnt_ = true;
  return Ok{};
}

Status Copies::WriteRecord() const {
  std::string text;
  for (const std::string& path : ours_) text += path + '\0';
  return ReplaceFile(record_, AsBytes(text), 0600);
}

std::vector<std::string> Copies::Keep(const std::set<std::string>& wanted,
                                      std::vector<Error>& problems) {
  if (const Status learnt = Learn(); !learnt) problems.push_back(learnt.error());
  const std::set<std::string> before = ours_;
  for (const std::string& path : before) {
    if (wanted.contains(path)) continue;
    const auto folder = OpenFolderOf(path, false, "copy");
    const bool gone =
        folder ? ::unlinkat(folder->get(), NameOf(path).c_str(), 0) == 0 || errno == ENOENT
               : folder.error().code == Code::kNotFound;
    if (gone) {
      ours_.erase(path);
    } else {
      problems.push_back(folder ? SystemError(errno, "cannot remove the copy", path)
                                : folder.error());
    }
  }
  if (ours_ != before) {
    if (const Status written = WriteRecord(); !written) problems.push_back(written.error());
  }
  std::vector<std::string> missing;
  for (const std::string& path : wanted) {
    const auto folder = OpenFolderOf(path, false, "copy");
    struct stat st {};
    const bool there =
        folder && ::fstatat(folder->get(), NameOf(path).c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there) missing.push_back(path);
  }
  return missing;
}

Status Copies::Write(const Copy& copy) {
  TRY(Learn());
  const auto check = [&copy](int folder) { return CheckInMemory(folder, copy.path); };
  const UniqueFd folder = TRY(OpenFolderOf(copy.path, true, "copy", check));
  TRY(check(folder.get()));
  const std::string name = NameOf(copy.path);
  const bool known = ours_.contains(copy.path);
  if (known && IsThere(folder.get(), name, copy)) return Ok{};
  if (!known) {
    ours_.insert(copy.path);  // before it is made, or one whose maker was killed would be nobody's
    if (const Status written = WriteRecord(); !written) {
      ours_.erase(copy.path);
      return written;
    }
  }
  const std::string temporary = "." + name.substr(0, NAME_MAX - 16) + ".secretfs-new";
  ::unlinkat(folder.get(), temporary.c_str(), 0);  // of one who was killed here
  Status done = Fill(folder.get(), temporary, copy);
  if (done && ::renameat2(folder.get(), temporary.c_str(), folder.get(), name.c_str(),
                          known ? 0 : RENAME_NOREPLACE) != 0) {
    done = errno == EEXIST
               ? Error{Code::kInvalid, "is there already, and is not a copy of secretfs", copy.path,
                       "remove it, or declare the copy elsewhere"}
               : SystemError(errno, "cannot put the copy in its place", copy.path);
  }
  if (done) return Ok{};
  ::unlinkat(folder.get(), temporary.c_str(), 0);
  if (!known) {
    ours_.erase(copy.path);
    (void)WriteRecord();
  }
  return done;
}

}  // namespace secretfs
