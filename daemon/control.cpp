#include "daemon/control.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/file.h"

namespace secretfs {

Result<ControlSocket> MakeControlSocket() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return SystemError(errno, "cannot make a socket", "");
  }
  return ControlSocket{UniqueFd(pair[0]), UniqueFd(pair[1])};
}

void SendControl(int socket, char message) noexcept {
  (void)!::send(socket, &message, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

Heard ReceiveControl(int socket, char& message) noexcept {
  ssize_t n = -1;
  do {
    n = ::recv(socket, &message, 1, MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n == 1) return Heard::kMessage;
  return n < 0 && errno == EAGAIN ? Heard::kNothing : Heard::kEnd;
}

}  // namespace secretfs
