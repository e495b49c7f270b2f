// A descriptor as crypto's source of bytes, read on and on, or at any offset.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/file.h"
#include "crypto/byte_source.h"
#include "crypto/seekable_source.h"

namespace secretfs {

/// `fd` stays the caller's.
class FdSource final : public age::ByteSource {
 public:
  FdSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Result<size_t> Read(ByteSpan into) override {
    ssize_t n = 0;
    do {
      n = ::read(fd_, into.data(), into.size());
    } while (n < 0 && errno == EINTR);
    if (n < 0) return SystemError(errno, "cannot read", name_);
    return static_cast<size_t>(n);
  }

 private:
  int fd_;
  std::string name_;
};

/// A regular file of which `size` bytes are known.
class FdSeekable final : public age::SeekableSource {
 public:
  FdSeekable(UniqueFd fd, uint64_t size, std::string name)
      : fd_(std::move(fd)), size_(size), name_(std::move(name)) {}
  [[nodiscard]] uint64_t size() const noexcept override { return size_; }
  Result<size_t> ReadAt(uint64_t offset, ByteSpan into) const override {
    return secretfs::ReadAt(fd_.get(), offset, into, name_);
  }

 private:
  const UniqueFd fd_;
  const uint64_t size_;
  const std::string name_;
};

}  // namespace secretfs
