#include "base/child_groups.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>

namespace secretfs {
namespace {

constexpr size_t kMostGroups = 128;  // twice the daemon's threads; what is beyond is not entered

static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);
std::array<std::atomic<pid_t>, kMostGroups> groups{};  // 0: free
std::atomic<bool> ending{false};

/// Its action is the default again; the signal comes when this has returned.
void EndWithChildren(int number) {
  const int kept = errno;
  EndChildren();
  ::raise(number);
  errno = kept;
}

}  // namespace

void EndChildren() noexcept {
  ending = true;
  for (const auto& group : groups) {
    if (const pid_t id = group; id != 0) ::kill(-id, SIGKILL);
  }
}

void EndChildrenOnSignals() noexcept {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_handler = EndWithChildren;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(number, &action, nullptr);
  }
}

void EnterChildGroup(pid_t group) noexcept {
  for (auto& place : groups) {
    pid_t none = 0;
    if (place.compare_exchange_strong(none, group)) break;
  }
  if (ending) ::kill(-group, SIGKILL);
}

void LeaveChildGroup(pid_t group) noexcept {
  for (auto& place : groups) {
    pid_t this_one = group;
    if (place.compare_exchange_strong(this_one, 0)) return;
  }
}

}  // namespace secretfs
