// A FUSE connection as the kernel shows it to root from outside, by the control file system: how
// many requests wait in it, and how to end it. Asks nothing of who serves it, nor of the mount.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs::fs {

inline constexpr const char* kConnections = "/sys/fs/fuse/connections";

class Connection {
 public:
  /// `device`: "MAJOR:MINOR" of the mount. Opens what is needed later. Errors: kNotFound, also
  /// while the control file system is not mounted; kPermission.
  static Result<Connection> Open(const std::string& device,
                                 const std::string& folder = kConnections);
  /// Requests that have no answer yet. Errors: kNotFound once the connection is gone.
  [[nodiscard]] Result<uint64_t> Waiting() const;
  /// Ends it: who waits gets ECONNABORTED, and the mount answers ENOTCONN from now on.
  [[nodiscard]] Status Abort() const;

 private:
  Connection(std::string folder, UniqueFd directory, UniqueFd abort)
      : folder_(std::move(folder)), directory_(std::move(directory)), abort_(std::move(abort)) {}
  std::string folder_;  // for errors
  UniqueFd directory_;
  UniqueFd abort_;
};

}  // namespace secretfs::fs
