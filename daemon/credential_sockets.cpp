#include "daemon/credential_sockets.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "core/name.h"

namespace secretfs {
namespace {

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

Result<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error{Code::kInvalid, "the path is too long for a socket", path,
                 "it may have " + std::to_string(sizeof(address.sun_path) - 1) + " bytes"};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

template <class Address>
const sockaddr* Generic(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<UniqueFd> NewSocket(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return SystemError(errno, "cannot make a socket", path);
  return fd;
}

/// Makes way at `path`: removes the socket of a process that ended.
Status RemoveDead(const std::string& path, const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) {
    return errno == ENOENT ? Status(Ok{}) : SystemError(errno, "cannot look at", path);
  }
  if (!S_ISSOCK(there.st_mode)) {
    return Error{Code::kInvalid, "is there, and is no socket", path, "remove it"};
  }
  const UniqueFd probe = TRY(NewSocket(path));
  if (::connect(probe.get(), Generic(address), sizeof(address)) == 0 || errno == EAGAIN) {
    return Error{Code::kInvalid, "another process answers at this socket", path,
                 "each secretfs needs a socket of its own"};
  }
  if (errno != ECONNREFUSED) return SystemError(errno, "cannot connect to", path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return SystemError(errno, "cannot remove", path);
  }
  return Ok{};
}

}  // namespace

std::vector<CredentialSocket> CredentialSockets(const CredentialsConfig& config,
                                                const std::string& runtime_directory) {
  std::string main = config.socket;
  if (main.empty()) {
    const std::string folder = runtime_directory.substr(0, runtime_directory.find(':'));
    if (folder.empty()) return {};
    main = folder + "/credentials.sock";
  }
  std::vector<CredentialSocket> sockets{{main, ""}};
  for (const std::string& scope : config.scopes) {
    sockets.push_back({FolderOf(main) + "/credentials/" + FlatName(scope) + ".sock", scope});
  }
  return sockets;
}

Result<CredentialListener> CredentialListener::Make(CredentialSocket socket) {
  const std::string& path = socket.path;
  const sockaddr_un address = TRY(AddressOf(path));
  const std::string folder = FolderOf(path);
  if (!folder.empty() && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return SystemError(errno, "cannot make the folder", folder);
  }
  TRY(RemoveDead(path, address));
  UniqueFd fd = TRY(NewSocket(path));
  // The file gets the mode that the socket has when it is bound: it is never open to others.
  if (::fchmod(fd.get(), 0600) != 0 || ::bind(fd.get(), Generic(address), sizeof(address)) != 0) {
    return SystemError(errno, "cannot make the socket", path);
  }
  struct stat made {};
  if (::lstat(path.c_str(), &made) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    return SystemError(errno, "cannot listen at", path);
  }
  return CredentialListener(std::move(socket), std::move(fd), made);
}

CredentialListener::~CredentialListener() {
  if (!fd_) return;
  struct stat there {};
  if (::lstat(socket_.path.c_str(), &there) == 0 && there.st_dev == device_ &&
      there.st_ino == inode_) {
    ::unlink(socket_.path.c_str());
  }
}

}  // namespace secretfs
