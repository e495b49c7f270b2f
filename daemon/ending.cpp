#include "daemon/ending.h"

#include <poll.h>

#include <array>
#include <optional>

#include "daemon/signals.h"

namespace secretfs {
namespace {

constexpr int kBeatPause = 1000;

std::optional<Ending> Obey(SupervisorLink::Order order, Log& log) {
  if (order == SupervisorLink::Order::kLeave) return Ending::kLeave;
  if (order == SupervisorLink::Order::kEnd) return Ending::kEnd;
  if (order == SupervisorLink::Order::kGone) {
    log.Warning("supervisor_gone",
                {{"reason", "serving on; nobody starts another one if this process ends"}});
  }
  return std::nullopt;
}

}  // namespace

Ending AwaitEnd(const EndingWaits& waits) {
  for (;;) {
    SupervisorLink* const supervisor = waits.supervisor;
    std::array<pollfd, 3> ends{{{waits.signals, POLLIN, 0},
                                {waits.receiver_ended, POLLIN, 0},
                                {supervisor == nullptr ? -1 : supervisor->fd(), POLLIN, 0}}};
    waits.beat();
    if (::poll(ends.data(), ends.size(), kBeatPause) <= 0) continue;
    if (ends[2].revents != 0) {
      if (const auto ending = Obey(supervisor->Next(), waits.log)) return *ending;
    } else if ((ends[0].revents & POLLIN) == 0) {
      return Ending::kGone;
    } else {
      const Order order = NextOrder(waits.signals);
      // A supervisor starts another one.
      const bool supervised = supervisor != nullptr && supervisor->there();
      if (order == Order::kEnd) return supervised ? Ending::kLeave : Ending::kUnmount;
      if (order == Order::kReload) waits.reload();
    }
  }
}

}  // namespace secretfs
