#include "daemon/audit_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/file.h"

namespace secretfs {
namespace {

constexpr size_t kWriteBytes = size_t{64} << 10U;
constexpr size_t kMostWaiting = size_t{4} << 20U;

UniqueFd OpenToAppend(const std::string& path) {
  return UniqueFd(::open(path.c_str(),
                         O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
}

}  // namespace

AuditFile::AuditFile(const AuditConfig& config)
    : config_(config), lines_(std::numeric_limits<size_t>::max(), kMostWaiting) {}

Result<std::unique_ptr<AuditFile>> AuditFile::Open(const AuditConfig& config) {
  std::unique_ptr<AuditFile> file(new AuditFile(config));
  TRY(file->OpenFile());
  return file;
}

Status AuditFile::OpenFile() {
  UniqueFd fd = OpenToAppend(config_.file);
  if (!fd) {
    Error error = SystemError(errno, "cannot open the audit file", config_.file);
    if (error.code == Code::kNotFound) error.hint = "its folder must be there: mkdir -p -m 700";
    return error;
  }
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) {
    return SystemError(errno, "cannot look at the audit file", config_.file);
  }
  fd_ = std::move(fd);
  regular_ = S_ISREG(st.st_mode);
  size_ = static_cast<uint64_t>(st.st_size);
  cut_ = false;
  rotates_ = true;
  return Ok{};
}

void AuditFile::Add(std::string line, bool granted) { lines_.Add(std::move(line), granted); }

void AuditFile::TakeFrom(AuditFile& older) {
  lines_.TakeFrom(older.lines_);
  if (older.config_.file == config_.file) cut_ = older.cut_;
}

Status AuditFile::Flush() {
  if (lines_.empty()) return Ok{};
  TRY(FollowTheName());
  while (!lines_.empty()) {
    TRY(MakeRoom());
    TRY(WriteSome());
  }
  return Ok{};
}

/// Somebody else may have moved the file, or removed it. While no other one can be made, the lines
/// go where they went before.
Status AuditFile::FollowTheName() {
  struct stat named {};
  struct stat open {};
  if (!regular_ || ::fstat(fd_.get(), &open) != 0) return Ok{};
  size_ = static_cast<uint64_t>(open.st_size);  // it may have been emptied, too
  const bool there = ::stat(config_.file.c_str(), &named) == 0;
  if (there && named.st_dev == open.st_dev && named.st_ino == open.st_ino) return Ok{};
  const Status opened = OpenFile();
  return opened || open.st_nlink > 0 ? Status(Ok{}) : opened;
}

std::string AuditFile::Aside(unsigned number) const {
  return config_.file + "." + std::to_string(number);
}

/// Puts the file aside if the next line would make it too large. One that cannot be put aside
/// grows: losing decisions would be worse.
Status AuditFile::MakeRoom() {
  const bool full = size_ > 0 && size_ + lines_.lines().front().text.size() > config_.most_bytes;
  if (!full || !regular_ || !rotates_) return Ok{};
  const Status aside = PutAside();
  if (!aside) {
    rotates_ = false;
    not_rotated_ = aside.error();
  }
  return Ok{};
}

Status AuditFile::PutAside() {
  struct stat old {};
  if (::fstat(fd_.get(), &old) != 0) {
    return SystemError(errno, "cannot look at the audit file", config_.file);
  }
  if (config_.keep == 0) {
    if (::unlink(config_.file.c_str()) != 0) {
      return SystemError(errno, "cannot remove the full audit file", config_.file);
    }
  } else {
    for (unsigned number = config_.keep; number > 0; --number) {
      const std::string from = number == 1 ? config_.file : Aside(number - 1);
      if (::rename(from.c_str(), Aside(number).c_str()) == 0) continue;
      if (errno == ENOENT && number > 1) continue;  // there are not that many yet
      return SystemError(errno, "cannot put the audit file aside", from);
    }
  }
  TRY(OpenFile());
  // As somebody may have changed them, for a group that reads it. Failing that it stays our own.
  if (::fchown(fd_.get(), old.st_uid, old.st_gid) == 0) {
    (void)::fchmod(fd_.get(), old.st_mode & 0777U);
  }
  return Ok{};
}

/// One write(2) of as many whole lines as fit. What is left of a line that was cut short is ended
/// first, so that the next one stands alone, and written again.
Status AuditFile::WriteSome() {
  std::string chunk = cut_ ? "\n" : "";
  for (const auto& [line, granted] : lines_.lines()) {
    const bool beyond =
        regular_ && rotates_ && size_ + chunk.size() + line.size() > config_.most_bytes;
    const bool first = chunk.size() <= 1;
    if (!first && (beyond || chunk.size() + line.size() > kWriteBytes)) break;
    chunk += line;
  }
  ssize_t n = 0;
  do {
    n = ::write(fd_.get(), chunk.data(), chunk.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return SystemError(errno, "cannot write", config_.file);
  const auto written = static_cast<size_t>(n);
  size_ += written;
  Forget(written > 0 && cut_ ? written - 1 : written);
  if (written == 0) return Error{Code::kIo, "cannot write: nothing was taken", config_.file, ""};
  if (written > 0) cut_ = chunk[written - 1] != '\n';
  return Ok{};
}

/// Drops the lines that were written as a whole.
void AuditFile::Forget(size_t written) {
  while (!lines_.empty() && lines_.lines().front().text.size() <= written) {
    written -= lines_.lines().front().text.size();
    lines_.PopFront();
  }
}

}  // namespace secretfs
