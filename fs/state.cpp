#include "fs/state.h"

#include <sys/random.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "base/file.h"

namespace secretfs::fs {
namespace {

constexpr const char* kName = "secretfs-state";
/// The key, and what of a request the kernel writes: a fault there, in a process that is being
/// killed, would lose the request.
constexpr size_t kLocked = 3 * kPage;
static_assert(sizeof(StateLayout) % kPage == 0);

}  // namespace

State::State(SharedMemory memory) noexcept
    : memory_(std::move(memory)), layout_(reinterpret_cast<StateLayout*>(memory_.bytes().data())) {}

Result<UniqueFd> State::Make() {
  UniqueFd fd = TRY(SharedMemory::Make(kName, sizeof(StateLayout)));
  const State state(TRY(SharedMemory::Map(fd.get(), kName, sizeof(StateLayout), kLocked)));
  StateLayout& layout = *state.layout_;
  layout.layout = kLayout;
  layout.size = sizeof(StateLayout);
  if (::getrandom(layout.key.data(), layout.key.size(), 0) !=
      static_cast<ssize_t>(layout.key.size())) {
    return SystemError(errno, "cannot make a key", kName);
  }
  return fd;
}

Result<std::unique_ptr<State>> State::Open(int fd) {
  SharedMemory memory = TRY(SharedMemory::Map(fd, kName, sizeof(StateLayout), kLocked));
  std::unique_ptr<State> state(new State(std::move(memory)));
  if (state->layout_->layout != kLayout || state->layout_->size != sizeof(StateLayout)) {
    return Error{Code::kInvalid, "the state is of another version", kName, ""};
  }
  return state;
}

bool State::begun() const noexcept { return layout_->agreement.begun == 1; }

int64_t State::Now() noexcept {
  struct timespec now {};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void State::Beat() noexcept { layout_->beat = Now(); }

int64_t State::last_beat() const noexcept { return layout_->beat; }

ByteView State::key() const noexcept { return layout_->key; }

Counters& State::counters() noexcept { return layout_->counters; }

std::atomic<uint64_t>& State::not_reopened(ReopenFailure::Reason reason) noexcept {
  static_assert(kReopenReasons <= std::tuple_size_v<decltype(StateLayout::not_reopened)>);
  return layout_->not_reopened.at(static_cast<size_t>(reason));
}

}  // namespace secretfs::fs
