#include "cli/audit_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file.h"

namespace secretfs {
namespace {

constexpr size_t kLongestLine = size_t{64} << 10U;
constexpr unsigned kMostAside = 1000;

bool IsThere(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0;
}

}  // namespace

Result<AuditReader> AuditReader::Open(const std::string& file) {
  AuditReader reader(file);
  TRY(reader.OpenNumber(reader.Oldest()));
  return reader;
}

std::string AuditReader::Name(unsigned number) const {
  return number == 0 ? file_ : file_ + "." + std::to_string(number);
}

unsigned AuditReader::Oldest() const {
  unsigned number = 0;
  while (number < kMostAside && IsThere(Name(number + 1))) ++number;
  return number;
}

Status AuditReader::OpenNumber(unsigned number) {
  UniqueFd fd = TRY(OpenRegular(Name(number)));
  if (::fstat(fd.get(), &stat_) != 0) return SystemError(errno, "cannot stat", Name(number));
  fd_ = std::move(fd);
  return Ok{};
}

/// Where the open file is now; nothing when it has no such name any more.
std::optional<unsigned> AuditReader::Number() const {
  for (unsigned number = 0; number <= kMostAside; ++number) {
    struct stat st {};
    if (::stat(Name(number).c_str(), &st) != 0) {
      if (number > 0) return std::nullopt;
    } else if (st.st_dev == stat_.st_dev && st.st_ino == stat_.st_ino) {
      return number;
    }
  }
  return std::nullopt;
}

Result<std::optional<std::string>> AuditReader::Next() {
  for (;;) {
    if (auto line = TakeLine()) return line;
    if (TRY(ReadSome())) continue;
    if (!TRY(GoOn())) return std::optional<std::string>();
  }
}

std::optional<std::string> AuditReader::TakeLine() {
  for (;;) {
    const size_t end = buffer_.find('\n', begin_);
    if (end == std::string::npos) break;
    std::string line = buffer_.substr(begin_, end - begin_);
    begin_ = end + 1;
    const bool whole = !std::exchange(skipping_, false);
    if (whole && !line.empty()) return line;  // an empty one is where a write failed
  }
  buffer_.erase(0, std::exchange(begin_, 0));
  if (buffer_.size() > kLongestLine) {
    damaged_ += skipping_ ? 0 : 1;
    skipping_ = true;
    buffer_.clear();
  }
  return std::nullopt;
}

/// False at the end.
Result<bool> AuditReader::ReadSome() {
  std::array<char, 65536> bytes{};
  const ssize_t n = ::read(fd_.get(), bytes.data(), bytes.size());
  if (n < 0 && errno != EINTR) return SystemError(errno, "cannot read", file_);
  if (n > 0) buffer_.append(bytes.data(), static_cast<size_t>(n));
  return n != 0;
}

/// At the end of one file, on to the next newer one. False when there is none.
Result<bool> AuditReader::GoOn() {
  const auto number = Number();
  if (number == 0U) {
    struct stat now {};
    const bool emptied =
        ::fstat(fd_.get(), &now) == 0 && now.st_size < ::lseek(fd_.get(), 0, SEEK_CUR);
    if (emptied) {
      DropRest();
      ::lseek(fd_.get(), 0, SEEK_SET);
    }
    return emptied;
  }
  // It got another name after its end was reached, so there may be more in it now.
  if (TRY(ReadSome())) return true;
  const unsigned next = number ? *number - 1 : Oldest();
  AuditReader neighbour(file_);
  const Status opened = neighbour.OpenNumber(next);
  if (!opened) return opened.error().code == Code::kNotFound ? Result<bool>(false) : opened.error();
  if (number && Number() != number) return true;  // they moved on meanwhile: look again
  DropRest();
  fd_ = std::move(neighbour.fd_);
  stat_ = neighbour.stat_;
  return true;
}

void AuditReader::DropRest() {
  if (buffer_.size() > begin_ && !skipping_) ++damaged_;
  buffer_.clear();
  begin_ = 0;
  skipping_ = false;
}

}  // namespace secretfs
