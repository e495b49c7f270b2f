#include "daemon/takeover.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>

#include "daemon/control.h"
#include "daemon/signals.h"

namespace secretfs {
namespace {

constexpr std::chrono::milliseconds kBeatPause{250};

}  // namespace

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

Preparing::Preparing(int control) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::jthread([control](const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "preparing");
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    do {
      SendControl(control, 'b');
    } while (!wake.wait_for(lock, stop, kBeatPause, [&stop] { return stop.stop_requested(); }));
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool MeansLost(const Error& error) noexcept {
  return error.code == Code::kUnsupported || error.code == Code::kInvalid;
}

Going AwaitGo(SupervisorLink& supervisor, int signals) {
  supervisor.Say('p');
  Going going;
  std::array<pollfd, 2> waits{{{supervisor.fd(), POLLIN, 0}, {signals, POLLIN, 0}}};
  for (;;) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) continue;
    if ((waits[1].revents & POLLIN) != 0) {
      const Order order = NextOrder(signals);
      if (order == Order::kEnd) return going;
      if (order == Order::kReload) going.reload = true;
      continue;
    }
    if (waits[0].revents == 0) continue;
    const auto word = supervisor.Next();
    if (word == SupervisorLink::Order::kNone) continue;
    going.go = word == SupervisorLink::Order::kGo;
    return going;
  }
}

}  // namespace secretfs
