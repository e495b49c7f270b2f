#include "base/replacement_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/file.h"

namespace secretfs {
namespace {

/// The file that `path` stands for; it need not exist, even where a symlink points to it.
Result<std::string> FollowLinks(std::string path) {
  constexpr int kMostLinks = 40;  // as the kernel
  for (int links = 0; links < kMostLinks; ++links) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           &std::free);
    if (real) return std::string(real.get());
    std::array<char, PATH_MAX> buffer{};
    const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
    if (size < 0) return path;
    const std::string link(buffer.data(), static_cast<size_t>(size));
    path = link.starts_with('/') ? link : path.substr(0, path.rfind('/') + 1) + link;
  }
  return SystemError(ELOOP, "cannot replace", path);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

void SyncFolderOf(const std::string& path) {
  const UniqueFd directory(::open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());
}

std::string LinkTo(const UniqueFd& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

/// Nothing where the file system has no files without a name, or nothing could name one later.
UniqueFd OpenNameless(const std::string& folder) {
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file && ::access(LinkTo(file).c_str(), F_OK) != 0) file.reset();
  return file;
}

constexpr const char* kAcl = "system.posix_acl_access";

/// As the kernel writes it; empty without one. If it changes meanwhile, what is no ACL, and is
/// taken by no file.
Bytes AclOf(const std::string& path) {
  const ssize_t size = ::getxattr(path.c_str(), kAcl, nullptr, 0);
  Bytes acl(size > 0 ? static_cast<size_t>(size) : 0);
  if (!acl.empty() && ::getxattr(path.c_str(), kAcl, acl.data(), acl.size()) != size)
    acl[0] = std::byte{0};
  return acl;
}

/// Letters for a name that nobody else has.
std::string RandomLetters() {
  std::array<unsigned char, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) < 0) return "new";
  std::string letters;
  for (const unsigned char byte : bytes) letters += static_cast<char>('a' + byte % 26);
  return letters;
}

}  // namespace

Result<ReplacementFile> ReplacementFile::Open(const std::string& path, mode_t mode) {
  ReplacementFile file;
  file.target_ = TRY(FollowLinks(path));
  file.file_ = OpenNameless(FolderOf(file.target_));
  if (!file.file_) TRY(file.OpenNamed());
  TRY(file.KeepOwnerAndMode(mode));
  return file;
}

Status ReplacementFile::OpenNamed() {
  std::string temporary = target_ + ".XXXXXX";
  file_.reset(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!file_ && errno == ENOENT) return Error{Code::kNotFound, "no such folder", target_, ""};
  if (!file_) return SystemError(errno, "cannot create a file beside it", target_);
  temporary_ = temporary;
  return Ok{};
}

/// rename(2) replaces a file, but needs a name to begin with; linkat(2) gives one, but replaces
/// nothing.
Status ReplacementFile::GiveName() {
  constexpr int kMostTries = 100;
  for (int tries = 0; tries < kMostTries; ++tries) {
    const std::string name = target_ + "." + RandomLetters();
    if (::linkat(AT_FDCWD, LinkTo(file_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
      return Ok{};
    }
    if (errno != EEXIST) break;
  }
  return SystemError(errno, "cannot create a file beside it", target_);
}

/// Also takes away what a new file got from its folder, which the old one does not have.
bool ReplacementFile::SetAcl() {
  if (acl_.empty())
    return ::fremovexattr(file_.get(), kAcl) == 0 || errno == ENODATA || errno == EOPNOTSUPP;
  return ::fsetxattr(file_.get(), kAcl, acl_.data(), acl_.size(), 0) == 0;
}

/// Without the right to chown, the mode alone is kept, and only where the owner is already ours.
Status ReplacementFile::KeepOwnerAndMode(mode_t mode_of_new) {
  mode_ = mode_of_new;
  struct stat old {};
  if (::stat(target_.c_str(), &old) != 0) return Ok{};
  mode_ = old.st_mode & mode_t{07777};
  replaces_ = true;
  acl_ = AclOf(target_);
  if (::fchown(file_.get(), old.st_uid, old.st_gid) != 0 &&
      (old.st_uid != ::geteuid() || old.st_gid != ::getegid())) {
    return SystemError(errno, "cannot keep the file's owner", target_);
  }
  return Ok{};
}

ReplacementFile::ReplacementFile(ReplacementFile&& other) noexcept
    : file_(std::move(other.file_)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      mode_(other.mode_),
      replaces_(other.replaces_),
      acl_(std::move(other.acl_)),
      prepared_(other.prepared_) {}

ReplacementFile::~ReplacementFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status ReplacementFile::Write(ByteView bytes) {
  prepared_ = false;
  return WriteAll(file_.get(), bytes, target_);
}

/// With an ACL, the mode's group bits are the most that it gives, and more than the group may.
Status ReplacementFile::Prepare() {
  if (replaces_ && !SetAcl()) mode_ &= ~mode_t{S_IRWXG};
  if (::fchmod(file_.get(), mode_) != 0)
    return SystemError(errno, "cannot set the file's mode", target_);
  if (::fsync(file_.get()) != 0) return SystemError(errno, "cannot sync", target_);
  prepared_ = true;
  return Ok{};
}

Status ReplacementFile::Commit() {
  if (!prepared_) TRY(Prepare());
  if (temporary_.empty()) TRY(GiveName());
  if (::rename(temporary_.c_str(), target_.c_str()) != 0)
    return SystemError(errno, "cannot replace", target_);
  temporary_.clear();
  SyncFolderOf(target_);
  return Ok{};
}

}  // namespace secretfs
