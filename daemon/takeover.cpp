#include "daemon/takeover.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "daemon/control.h"
#include "daemon/signals.h"

namespace secretfs {

Result<Takeover> TakeDescriptors(bool with_root, fs::Recovery recovery) {
  int type = 0;
  socklen_t size = sizeof(type);
  const bool socket = ::getsockopt(kControlNumber, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
                      type == SOCK_SEQPACKET;
  const int last = with_root ? kRootNumber : kControlNumber;
  for (int fd = kDeviceNumber; fd <= last; ++fd) {
    if (!socket || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return Error{Code::kInvalid, "only `secretfs supervise` starts a server", "", ""};
    }
  }
  Takeover takeover;
  takeover.device = UniqueFd(kDeviceNumber);
  takeover.state = UniqueFd(kStateNumber);
  takeover.control = UniqueFd(kControlNumber);
  if (with_root) takeover.root = UniqueFd(kRootNumber);
  takeover.recovery = recovery;
  return takeover;
}

void SupervisorLink::Say(char word) const noexcept { SendControl(control_.get(), word); }

SupervisorLink::Order SupervisorLink::Next() noexcept {
  char word = 0;
  switch (ReceiveControl(control_.get(), word)) {
    case Heard::kNothing:
      return Order::kNone;
    case Heard::kEnd:
      there_ = false;
      return Order::kGone;
    case Heard::kMessage:
      break;
  }
  switch (word) {
    case 'g':
      return Order::kGo;
    case 'l':
      return Order::kLeave;
    case 'e':
      return Order::kEnd;
    default:
      return Order::kNone;
  }
}

bool AwaitGo(SupervisorLink& supervisor, int signals) {
  supervisor.Say('p');
  std::array<pollfd, 2> waits{{{supervisor.fd(), POLLIN, 0}, {signals, POLLIN, 0}}};
  for (;;) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) continue;
    if ((waits[1].revents & POLLIN) != 0 && NextOrder(signals) == Order::kEnd) return false;
    if (waits[0].revents == 0) continue;
    const auto order = supervisor.Next();
    if (order != SupervisorLink::Order::kNone) return order == SupervisorLink::Order::kGo;
  }
}

}  // namespace secretfs
