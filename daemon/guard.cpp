#include "daemon/guard.h"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>

#include "base/file.h"
#include "daemon/alive_lock.h"
#include "fs/connection.h"
#include "fs/mount_table.h"

namespace secretfs {
namespace {

constexpr int kLookEvery = 1000;  // milliseconds
constexpr std::chrono::seconds kLongestPause{4};

/// The connection of what is mounted now, held open ahead of need.
class Guarded {
 public:
  explicit Guarded(const GuardOptions& options) : options_(options) {}

  /// After the table of mounts changed.
  void FindAnew() {
    const auto found = fs::FindMount(options_.mount_point);
    missed_ = !found;  // then it is what it was, until the table can be read
    if (missed_) return;
    const std::optional<fs::MountLine>& line = *found;
    const std::string device = line && line->ours ? line->device : "";
    if (device == device_ && connection_) return;
    device_ = device;
    connection_.reset();
  }
  /// 0 for no connection.
  uint64_t Waiting() {
    if (missed_) FindAnew();
    if (!connection_ && !device_.empty()) {
      if (auto opened = fs::Connection::Open(device_, options_.connections)) {
        connection_ = *std::move(opened);
      }
    }
    if (!connection_) return 0;
    const auto waiting = connection_->Waiting();
    if (!waiting) connection_.reset();
    return waiting ? *waiting : 0;
  }
  Status Abort() { return connection_->Abort(); }

 private:
  const GuardOptions& options_;
  std::string device_;
  bool missed_ = false;
  std::optional<fs::Connection> connection_;
};

}  // namespace

bool GuardJudge::IsTime(const Seen& seen, SteadyTime now) {
  const bool paused = last_ && now - *last_ > kLongestPause;
  last_ = now;
  const auto lasts = [&](std::optional<SteadyTime>& since, bool bad,
                         std::chrono::milliseconds patience) {
    if (!bad || seen.waiting == 0 || paused) since.reset();
    if (bad && seen.waiting > 0 && !since) since = now;
    return since && now - *since >= patience;
  };
  const bool gone = lasts(gone_since_, !seen.held, patience_.gone);
  const bool stuck = lasts(stuck_since_, !seen.beaten, patience_.stuck);
  return gone || stuck;
}

Status RunGuard(const GuardOptions& options, Log& log) {
  const UniqueFd mounts(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  if (!mounts) return SystemError(errno, "cannot open", "/proc/self/mountinfo");
  const SystemClock clock;
  AliveWatch alive(options.alive_file);
  GuardJudge judge(options.patience);
  Guarded guarded(options);
  guarded.FindAnew();
  SteadyTime looked{};
  while (true) {
    pollfd changed{mounts.get(), POLLPRI, 0};
    if (::poll(&changed, 1, kLookEvery) > 0) guarded.FindAnew();
    const SteadyTime now = clock.Steady();
    if (now - looked < std::chrono::milliseconds(kLookEvery / 2)) continue;
    looked = now;
    const AliveWatch::Seen seen = alive.Look();
    const uint64_t waiting = guarded.Waiting();
    if (!judge.IsTime({seen.held, seen.beaten, waiting}, now)) continue;
    const Status aborted = guarded.Abort();  // before a word of it: the log may wait for who waits
    judge = GuardJudge(options.patience);
    if (aborted) {
      log.Error("connection_aborted",
                {{"mount", options.mount_point},
                 {"waiting", waiting},
                 {"reason", seen.held ? "who serves it is stuck" : "nobody serves it any more"}});
    } else {
      log.Error("connection_not_aborted", {{"reason", aborted.error().Text()}});
    }
  }
}

}  // namespace secretfs
