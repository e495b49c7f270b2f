// The sockets through which systemd asks for credentials: where they lie, and how they are made.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/config.h"

namespace secretfs {

struct CredentialSocket {
  std::string path;   // absolute
  std::string scope;  // ids are names below this folder; empty: of all
  bool operator==(const CredentialSocket&) const = default;
};

/// The one for all names, and beside it `credentials/FLAT.sock` for each scope, where FLAT is the
/// scope with '.' for '/'. None where the configuration names none and there is no
/// `runtime_directory` ($RUNTIME_DIRECTORY, perhaps empty, or several with ':' between them).
std::vector<CredentialSocket> CredentialSockets(const CredentialsConfig& config,
                                                const std::string& runtime_directory);

/// A listening socket in the file system, with mode 0600. The file goes when this does, unless
/// another has taken its place.
class CredentialListener {
 public:
  /// In place of a dead one. Makes its folder, with mode 0700, if that is missing. Errors: of the
  /// system; kInvalid when another process answers there, or something else than a socket is there.
  static Result<CredentialListener> Make(CredentialSocket socket);
  CredentialListener(CredentialListener&&) noexcept = default;
  CredentialListener& operator=(CredentialListener&&) = delete;
  ~CredentialListener();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const CredentialSocket& socket() const noexcept { return socket_; }

 private:
  CredentialListener(CredentialSocket socket, UniqueFd fd, const struct stat& made)
      : socket_(std::move(socket)), fd_(std::move(fd)), device_(made.st_dev), inode_(made.st_ino) {}
  CredentialSocket socket_;
  UniqueFd fd_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace secretfs
