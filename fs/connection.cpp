#include "fs/connection.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/file.h"

namespace secretfs::fs {

Result<Connection> Connection::Open(const std::string& device, const std::string& folder) {
  // Anonymous devices have major number 0, and the kernel names connections by the whole number,
  // which is the minor one then.
  const std::string one = folder + "/" + device.substr(device.find(':') + 1);
  UniqueFd directory(::open(one.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return SystemError(errno, "cannot open", one);
  UniqueFd abort(::openat(directory.get(), "abort", O_WRONLY | O_CLOEXEC));
  if (!abort) return SystemError(errno, "cannot open", one + "/abort");
  return Connection(one, std::move(directory), std::move(abort));
}

Result<uint64_t> Connection::Waiting() const {
  // Opened each time, since it can be read once only; no disk is asked for it.
  const UniqueFd file(::openat(directory_.get(), "waiting", O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text{};
  const ssize_t n = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (n < 0 && errno != ENOENT) return SystemError(errno, "cannot read", folder_ + "/waiting");
  uint64_t count = 0;
  if (n <= 0 || std::from_chars(text.data(), text.data() + n, count).ec != std::errc()) {
    return Error{Code::kNotFound, "the connection is gone", folder_, ""};
  }
  return count;
}

Status Connection::Abort() const {
  return WriteAll(abort_.get(), AsBytes("1"), folder_ + "/abort");
}

}  // namespace secretfs::fs
