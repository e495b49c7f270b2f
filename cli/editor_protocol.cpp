#include "cli/editor_protocol.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace secretfs::editor {
namespace {

struct Wire {
  Step step;
  int number;
};

using Control = std::array<char, CMSG_SPACE(sizeof(int))>;

void Attach(msghdr& header, Control& control, int fd) {
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* attached = CMSG_FIRSTHDR(&header);
  attached->cmsg_level = SOL_SOCKET;
  attached->cmsg_type = SCM_RIGHTS;
  attached->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(attached), &fd, sizeof(int));
}

UniqueFd Attached(msghdr& header) {
  const cmsghdr* attached = CMSG_FIRSTHDR(&header);
  if (attached == nullptr || attached->cmsg_type != SCM_RIGHTS) return UniqueFd();
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(attached), sizeof(int));
  return UniqueFd(fd);
}

}  // namespace

Status Send(int socket, const Message& message) {
  Wire wire{message.step, message.number};
  iovec part{&wire, sizeof wire};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) Control control{};
  if (message.file) Attach(header, control, message.file.get());
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return SystemError(errno, "cannot reach the editor's process", "");
  return Ok{};
}

Result<Message> Receive(int socket) {
  Wire wire{};
  iovec part{&wire, sizeof wire};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) Control control{};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return SystemError(errno, "cannot hear the editor's process", "");
  Message message{wire.step, wire.number, Attached(header)};
  if (size != sizeof wire) return Error{Code::kIo, "the editor's process has gone", "", ""};
  return message;
}

}  // namespace secretfs::editor
