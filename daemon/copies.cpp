#include "daemon/copies.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/file.h"
#include "crypto/locked_buffer.h"
#include "daemon/outside_path.h"
#include "fs/mount_table.h"

namespace secretfs {
namespace {

constexpr size_t kCompared = 4096;  // bytes at once
/// Of folders: whoever may list one can hold its lock for as long as he likes.
constexpr mode_t kFolderMode = 0711;

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
  if (is_tmpfs && TRY(fs::HasOption(DeviceText(st.st_dev), "noswap"))) return Ok{};
  return Error{Code::kInvalid,
               is_tmpfs ? "is on a tmpfs, which can be swapped out to a disk" : "is not on a ramfs",
               path,
               "put it below " + std::string(kPlainFolder) + ", or mount a ramfs on its folder"};
}

bool HasSameContent(int file, ByteView content) {
  struct stat st {};
  if (::fstat(file, &st) != 0 || static_cast<size_t>(st.st_size) != content.size()) return false;
  const auto part = crypto::LockedBuffer::Make(kCompared);
  if (!part) return false;  // then it is written again
  for (size_t at = 0; at < content.size();) {
    const auto n = ReadAt(file, at, part->bytes(), "");
    if (!n || *n == 0 || *n > content.size() - at) return false;
    if (!ConstantTimeEqual(part->bytes().first(*n), content.subspan(at, *n))) return false;
    at += *n;
  }
  return true;
}

std::optional<struct stat> LookAt(int folder, const std::string& name) {
  struct stat st {};
  if (::fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return st;
}

bool IsOurs(const struct stat& st, const OwnCopy& own) {
  const FileMark mark{st.st_dev, st.st_ino};
  return S_ISREG(st.st_mode) && std::ranges::find(own.files, mark) != own.files.end();
}

bool HasTerms(const struct stat& st, const CopyTerms& terms) {
  return CopyTerms{st.st_uid, st.st_gid, st.st_mode & 07777U} == terms;
}

/// One of ours, if it is still in its place.
UniqueFd OpenOurs(int folder, const std::string& name, const OwnCopy& own) {
  UniqueFd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat st {};
  if (!file || ::fstat(file.get(), &st) != 0 || !IsOurs(st, own)) return {};
  return file;
}

Status GiveTerms(int file, const CopyTerms& terms, const std::string& path) {
  struct stat st {};
  if (::fstat(file, &st) != 0) return SystemError(errno, "cannot look at the copy", path);
  if (HasTerms(st, terms)) return Ok{};
  // Nobody who may read neither before nor after may in between.
  if (::fchmod(file, st.st_mode & terms.mode) != 0 ||
      ::fchown(file, terms.owner, terms.group) != 0 || ::fchmod(file, terms.mode) != 0) {
    return SystemError(errno, "cannot give the copy its owner and mode", path);
  }
  return Ok{};
}

std::string TemporaryOf(const std::string& name) {
  return "." + name.substr(0, NAME_MAX - 16) + ".secretfs-new";
}

/// Of one who was killed while he wrote. Looked for first, since removing takes the folder's lock.
void RemoveTemporary(int folder, const std::string& name) {
  const std::string temporary = TemporaryOf(name);
  const auto there = LookAt(folder, temporary);
  if (there && S_ISREG(there->st_mode)) ::unlinkat(folder, temporary.c_str(), 0);
}

/// Whether nothing of ours is there any more.
Result<bool> Remove(const std::string& path, const OwnCopy& own) {
  const auto folder = OpenFolderOf(path, false, "copy");
  if (!folder && folder.error().code == Code::kNotFound) return true;
  if (!folder) return folder.error();
  // Something is mounted over it, or it is gone with its ramfs.
  if (!CheckInMemory(folder->get(), path)) return false;
  const std::string name = NameOf(path);
  RemoveTemporary(folder->get(), name);
  const auto there = LookAt(folder->get(), name);
  if (!there || !IsOurs(*there, own)) return true;
  if (::unlinkat(folder->get(), name.c_str(), 0) != 0 && errno != ENOENT)
    return SystemError(errno, "cannot remove the copy", path);
  return true;
}

/// Gives whether it is there.
Result<bool> KeepOne(const std::string& path, const OwnCopy& own, const CopyTerms& terms) {
  const auto folder = OpenFolderOf(path, false, "copy");
  if (!folder || !CheckInMemory(folder->get(), path)) return false;
  const std::string name = NameOf(path);
  RemoveTemporary(folder->get(), name);
  const UniqueFd file = OpenOurs(folder->get(), name, own);
  if (!file) return false;
  TRY(GiveTerms(file.get(), terms, path));
  return true;
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
  if (::mount("ramfs", here.c_str(), "ramfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0711") != 0) {
    Error error = SystemError(errno, "cannot mount a ramfs for copies", kPlainFolder);
    error.hint = "as root: mount -t ramfs -o nosuid,nodev,noexec,mode=0711 ramfs " +
                 std::string(kPlainFolder);
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
  ours_ = TRY(ReadCopiesRecord(record_));
  learnt_ = true;
  return Ok{};
}

std::vector<std::string> Copies::Keep(const std::map<Kept, CopyTerms>& wanted,
                                      std::vector<Error>& problems) {
  if (const Status learnt = Learn(); !learnt) problems.push_back(learnt.error());
  const OwnCopies before = ours_;
  for (const auto& [path, own] : before) {
    if (wanted.contains({own.name, path})) continue;
    const auto gone = Remove(path, own);
    if (!gone) problems.push_back(gone.error());
    if (gone && *gone) ours_.erase(path);
  }
  if (ours_ != before) {
    if (const Status written = WriteCopiesRecord(record_, ours_); !written) {
      problems.push_back(written.error());
    }
  }
  std::vector<std::string> missing;
  for (const auto& [kept, terms] : wanted) {
    const auto own = ours_.find(kept.path);
    const auto there = KeepOne(kept.path, own == ours_.end() ? OwnCopy{} : own->second, terms);
    if (!there) problems.push_back(there.error());
    if (there && !*there) missing.push_back(kept.path);
  }
  return missing;
}

Status Copies::Write(const Copy& copy) {
  TRY(Learn());
  const std::string& path = copy.kept.path;
  const auto check = [&path](int folder) { return CheckInMemory(folder, path); };
  const UniqueFd folder = TRY(OpenFolderOf(path, true, "copy", check, kFolderMode));
  TRY(check(folder.get()));
  const std::string name = NameOf(path);
  RemoveTemporary(folder.get(), name);
  const auto own = ours_.find(path);
  const UniqueFd file = own == ours_.end() ? UniqueFd() : OpenOurs(folder.get(), name, own->second);
  struct stat st {};
  // So that who watches it is told of changes only.
  if (file && own->second.name == copy.kept.name && ::fstat(file.get(), &st) == 0 &&
      HasTerms(st, copy.terms) && HasSameContent(file.get(), copy.content)) {
    return Ok{};
  }
  if (!file && LookAt(folder.get(), name)) {
    return Error{Code::kInvalid, "is there already, and is not a copy of secretfs", path,
                 "remove it, or declare the copy elsewhere"};
  }
  const OwnCopies before = ours_;
  const Status done = Put(folder.get(), copy, static_cast<bool>(file));
  if (done) return done;
  ::unlinkat(folder.get(), TemporaryOf(name).c_str(), 0);
  if (ours_ != before) {
    ours_ = before;
    (void)WriteCopiesRecord(record_, ours_);  // or it lists one more that is not there
  }
  return done;
}

/// `replace`: what is there, which is ours.
Status Copies::Put(int folder, const Copy& copy, bool replace) {
  const std::string& path = copy.kept.path;
  const std::string name = NameOf(path);
  const std::string temporary = TemporaryOf(name);
  const UniqueFd file(::openat(folder, temporary.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  struct stat st {};
  if (!file || ::fstat(file.get(), &st) != 0)
    return SystemError(errno, "cannot make the copy", path);
  const FileMark mark{st.st_dev, st.st_ino};
  // Before it is in its place, or one whose maker was killed would be nobody's.
  OwnCopy& own = ours_[path];
  if (!replace) own.files.clear();
  own.name = copy.kept.name;
  own.files.push_back(mark);
  TRY(WriteCopiesRecord(record_, ours_));
  TRY(WriteAll(file.get(), copy.content, path));
  TRY(GiveTerms(file.get(), copy.terms, path));
  if (::renameat2(folder, temporary.c_str(), folder, name.c_str(),
                  replace ? 0 : RENAME_NOREPLACE) != 0) {
    return SystemError(errno, "cannot put the copy in its place", path);
  }
  own.files = {mark};
  return Ok{};
}

}  // namespace secretfs
