#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/replacement_file.h"

namespace secretfs {
namespace {

/// read(2) until `into` is full or the end; returns the bytes read.
Result<size_t> ReadUpTo(int fd, ByteSpan into, const std::string& name) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = ::read(fd, into.data() + done, into.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, "cannot read", name);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

Error TooLarge(size_t limit, const std::string& name) {
  return {Code::kTooLarge, "larger than " + std::to_string(limit) + " bytes", name, ""};
}

/// One byte over the limit shows that it is passed.
size_t MostToRead(size_t limit) { return limit == SIZE_MAX ? limit : limit + 1; }

/// One byte more than the file says, so that one read finds its end; 4 KiB for pipes.
size_t FirstRead(int fd) {
  constexpr size_t kPipeRead = 4096;
  struct stat st {};
  if (::fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0) return kPipeRead;
  return st.st_size == 0 ? kPipeRead : static_cast<size_t>(st.st_size) + 1;  // 0: perhaps of /proc
}

}  // namespace

Error SystemError(int error_number, std::string_view doing, const std::string& path) {
  Code code = Code::kIo;
  if (error_number == ENOENT || error_number == ENOTDIR) code = Code::kNotFound;
  if (error_number == EACCES || error_number == EPERM) code = Code::kPermission;
  const bool used_up = error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM ||
                       error_number == EAGAIN;
  if (used_up) code = Code::kResource;
  std::array<char, 128> buffer{};
  const char* text = ::strerror_r(error_number, buffer.data(), buffer.size());
  std::string words(text);
  std::transform(words.begin(), words.begin() + 1, words.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return {code, std::string(doing) + ": " + words, path, "", used_up};
}

Result<UniqueFd> OpenRegular(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return SystemError(errno, "cannot open", path);
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return SystemError(errno, "cannot stat", path);
  if (S_ISDIR(st.st_mode)) return Error{Code::kInvalid, "is a directory, not a file", path, ""};
  if (!S_ISREG(st.st_mode)) return Error{Code::kInvalid, "is not a regular file", path, ""};
  return fd;
}

namespace {
WallTime ToWallTime(const struct timespec& time) {
  const auto since_epoch =
      std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  return WallTime(std::chrono::duration_cast<WallTime::duration>(since_epoch));
}

FileStamp MakeStamp(const struct stat& st) {
  return {st.st_dev, st.st_ino, st.st_size, ToWallTime(st.st_mtim), ToWallTime(st.st_ctim)};
}
}  // namespace

Result<FileStamp> StampOf(int fd, const std::string& path) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return SystemError(errno, "cannot stat", path);
  return MakeStamp(st);
}

Result<FileStamp> StampOf(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return SystemError(errno, "cannot stat", path);
  return MakeStamp(st);
}

Result<Bytes> ReadAll(int fd, size_t limit, const std::string& name) {
  Bytes bytes(std::min(FirstRead(fd), MostToRead(limit)));
  size_t size = 0;
  for (;;) {
    const size_t n = TRY(ReadUpTo(fd, ByteSpan(bytes).subspan(size), name));
    size += n;
    if (size > limit) return TooLarge(limit, name);
    if (size < bytes.size()) break;
    bytes.resize(std::min(2 * bytes.size(), MostToRead(limit)));
  }
  bytes.resize(size);
  return bytes;
}

Result<SecretBytes> ReadAllSecret(int fd, size_t limit, const std::string& name) {
  size_t capacity = std::min(FirstRead(fd), MostToRead(limit));
  SecretBytes so_far;
  for (;;) {
    so_far = TRY(SecretBytes::Make(capacity, [&](ByteSpan out) -> Result<size_t> {
      const ByteView old = so_far.Expose();
      std::copy(old.begin(), old.end(), out.begin());
      return old.size() + TRY(ReadUpTo(fd, out.subspan(old.size()), name));
    }));
    if (so_far.size() > limit) return TooLarge(limit, name);
    if (so_far.size() < capacity) return so_far;
    capacity = std::min(2 * capacity, MostToRead(limit));
  }
}

Result<size_t> ReadAt(int fd, uint64_t offset, ByteSpan into, const std::string& name) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n =
        ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, "cannot read", name);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

Result<Bytes> ReadFile(const std::string& path, size_t limit) {
  const UniqueFd fd = TRY(OpenRegular(path));
  return ReadAll(fd.get(), limit, path);
}

Result<SecretBytes> ReadSecretFile(const std::string& path, size_t limit) {
  const UniqueFd fd = TRY(OpenRegular(path));
  return ReadAllSecret(fd.get(), limit, path);
}

Status WriteAll(int fd, ByteView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, "cannot write", name);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return Ok{};
}

Status ReplaceFile(const std::string& path, ByteView bytes, mode_t mode) {
  ReplacementFile file = TRY(ReplacementFile::Open(path, mode));
  TRY(file.Write(bytes));
  return file.Commit();
}

}  // namespace secretfs
