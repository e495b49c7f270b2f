// A descriptor as crypto's source of bytes.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/file.h"
#include "crypto/byte_source.h"

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

}  // namespace secretfs
