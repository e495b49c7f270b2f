#include "daemon/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace secretfs {
namespace {

bool TerminalIsGone() {
  if (::isatty(STDIN_FILENO) == 0 && errno == EIO) return true;
  pollfd terminal{STDIN_FILENO, POLLIN, 0};
  return ::isatty(STDIN_FILENO) == 1 && ::poll(&terminal, 1, 0) > 0 &&
         (terminal.revents & POLLHUP) != 0;
}

}  // namespace

Result<UniqueFd> BlockSignals(bool children) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  if (children) sigaddset(&signals, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  if (!fd) return SystemError(errno, "cannot receive signals", "");
  return fd;
}

Order NextOrder(int signals) {
  signalfd_siginfo info{};
  if (::read(signals, &info, sizeof info) != sizeof info) return Order::kNone;
  if (info.ssi_signo == SIGCHLD) return Order::kChild;
  if (info.ssi_signo != SIGHUP) return Order::kEnd;
  if (TerminalIsGone()) return Order::kEnd;
  return info.ssi_code == SI_KERNEL ? Order::kNone
                                    : Order::kReload;  // of a terminal that is not ours
}

}  // namespace secretfs
