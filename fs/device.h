// Device: where replies and notices go to the kernel, until it is closed for a successor. Then
// nothing is written any more, nor is one being written. Thread-safe.
#pragma once

#include <sys/uio.h>

#include <cerrno>
#include <shared_mutex>

namespace secretfs::fs {

class Device {
 public:
  /// `fd` stays the caller's.
  explicit Device(int fd) noexcept : fd_(fd) {}

  /// As writev(2); ENOENT, which libfuse takes for a caller that is gone, once it is closed. `then`
  /// is called with the result before it can be closed, if it is not.
  template <class Then>
  ssize_t Write(const iovec* parts, int count, const Then& then) {
    const std::shared_lock lock(gate_);
    if (closed_) {
      errno = ENOENT;
      return -1;
    }
    const ssize_t written = ::writev(fd_, parts, count);
    const int error = errno;
    then(written);
    errno = error;
    return written;
  }
  /// Calls `change` unless it is closed, and keeps it open meanwhile. Not from within `then`.
  template <class Change>
  void WhileOpen(const Change& change) {
    const std::shared_lock lock(gate_);
    if (!closed_) change();
  }
  void Close() {
    const std::lock_guard lock(gate_);
    closed_ = true;
  }

 private:
  const int fd_;
  std::shared_mutex gate_;
  bool closed_ = false;
};

}  // namespace secretfs::fs
