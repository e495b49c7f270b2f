#include "daemon/path_watcher.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "daemon/watched_paths.h"

namespace secretfs {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kQuiet{50};
constexpr milliseconds kLongest{500};
/// How long one who writes in place is waited for: what he has not closed is not whole.
constexpr milliseconds kLongestWhileOpen{5000};
constexpr milliseconds kTick{25};  // how often events are fetched while something is not quiet
constexpr std::chrono::seconds kFirstLook{1};
constexpr std::chrono::seconds kStopPatience{2};

/// Something that happened, and until when to wait for more of it.
struct Unrest {
  SteadyTime first;
  SteadyTime last;
  bool open = false;
  [[nodiscard]] bool Over(SteadyTime now) const {
    return now >= (open ? first + kLongestWhileOpen : std::min(last + kQuiet, first + kLongest));
  }
};

/// What the thread and its owner have in common. The thread may outlive the owner.
struct Shared {
  std::mutex mutex;
  std::condition_variable moved;
  std::optional<std::vector<std::string>> wanted;
  uint64_t asked = 0;     // number of the newest Watch()
  uint64_t answered = 0;  // of the newest that was looked at
  uint64_t given_up = 0;  // of the newest whose caller did not wait till then
  std::vector<Error> problems;
  bool stop = false;
  bool ended = false;
  UniqueFd wake;
};
using SharedPtr = std::shared_ptr<Shared>;

/// What the watcher's thread does.
class Watcher {
 public:
  Watcher(SharedPtr shared, WatchedPaths paths, UniqueFd mounts, PathWatcher::Changed changed)
      : shared_(std::move(shared)),
        paths_(std::move(paths)),
        mounts_(std::move(mounts)),
        changed_(std::move(changed)) {}

  void Run() {
    while (!Stopped()) {
      Wait();
      TakeWanted();
      const SteadyTime now = Now();
      NoteEvents(now);
      if (const auto every = paths_.LookEvery(); every && now >= looked_ + *every) LookAtAll();
      LookAtSettled(now);
      Tell();
    }
  }

 private:
  static SteadyTime Now() { return std::chrono::steady_clock::now(); }
  [[nodiscard]] bool Stopped() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->stop;
  }
  void Wait();
  [[nodiscard]] int Patience() const;
  void TakeWanted();
  void NoteEvents(SteadyTime now);
  void LookAtAll();
  void LookAtSettled(SteadyTime now);
  void Tell();

  SharedPtr shared_;
  WatchedPaths paths_;
  UniqueFd mounts_;
  PathWatcher::Changed changed_;
  std::unordered_map<WatchedPaths::Id, Unrest> files_;
  std::optional<Unrest> all_;
  bool mounted_ = false;  // or unmounted
  SteadyTime looked_;     // when all were looked at
  std::vector<std::string> told_;
};

/// While something is not quiet yet, events gather in the kernel: what changes a thousand times a
/// second costs forty wake-ups.
void Watcher::Wait() {
  pollfd wake{shared_->wake.get(), POLLIN, 0};
  const bool unrest = all_ || !files_.empty();
  if (unrest) ::poll(&wake, 1, static_cast<int>(kTick.count()));
  std::array<pollfd, 3> fds{{wake, {paths_.fd(), POLLIN, 0}, {mounts_.get(), POLLPRI, 0}}};
  if (::poll(fds.data(), fds.size(), unrest ? 0 : Patience()) <= 0) return;
  mounted_ = fds[2].revents != 0;  // told once: the next poll would not know
  eventfd_t ignored = 0;
  if (fds[0].revents != 0) ::eventfd_read(shared_->wake.get(), &ignored);
}

/// In milliseconds, as poll takes it.
int Watcher::Patience() const {
  const auto every = paths_.LookEvery();
  if (!every) return -1;
  const auto left = std::chrono::ceil<milliseconds>(looked_ + *every - Now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

void Watcher::TakeWanted() {
  std::unique_lock lock(shared_->mutex);
  if (!shared_->wanted) return;
  const uint64_t number = shared_->asked;
  std::vector<std::string> wanted = *std::exchange(shared_->wanted, std::nullopt);
  lock.unlock();
  LookAtSettled(SteadyTime::max());  // the numbers of the paths change
  paths_.Set(std::move(wanted));
  std::vector<std::string> fresh;
  for (WatchedPaths::Id id = 0; id < paths_.size(); ++id) {
    if (paths_.IsNew(id)) fresh.push_back(paths_.PathOf(id));
  }
  LookAtAll();
  lock.lock();
  shared_->answered = number;
  shared_->moved.notify_all();
  if (shared_->given_up >= number) told_.insert(told_.end(), fresh.begin(), fresh.end());
}

void Watcher::NoteEvents(SteadyTime now) {
  const bool mounted = std::exchange(mounted_, false);
  const WatchedPaths::Events events = paths_.Read();
  const auto note = [now](Unrest& unrest, bool open) {
    unrest.last = now;
    unrest.open = open;
  };
  for (const auto& [id, open] : events.files) {
    note(files_.try_emplace(id, Unrest{now, now, open}).first->second, open);
  }
  if (!mounted && !events.all) return;
  if (!all_) all_ = Unrest{now, now, false};
  note(*all_, false);
}

void Watcher::LookAtAll() {
  all_.reset();
  looked_ = Now();
  const auto later = [this](WatchedPaths::Id id) { return files_.contains(id); };
  for (const WatchedPaths::Id id : paths_.LookAtAll(later)) told_.push_back(paths_.PathOf(id));
  const std::lock_guard lock(shared_->mutex);
  shared_->problems = paths_.Problems();
}

void Watcher::LookAtSettled(SteadyTime now) {
  if (all_ && all_->Over(now)) LookAtAll();
  for (auto at = files_.begin(); at != files_.end();) {
    if (!at->second.Over(now)) {
      ++at;
      continue;
    }
    const WatchedPaths::Id id = at->first;
    at = files_.erase(at);
    const WatchedPaths::Found found = paths_.Look(id);
    if (found == WatchedPaths::Found::kChanged) told_.push_back(paths_.PathOf(id));
    if (found == WatchedPaths::Found::kWayChanged && !all_) all_ = Unrest{now - kQuiet, now, false};
  }
}

void Watcher::Tell() {
  if (told_.empty()) return;
  std::ranges::sort(told_);
  told_.erase(std::unique(told_.begin(), told_.end()), told_.end());
  const auto told = std::exchange(told_, {});
  if (!Stopped()) changed_(told);
}

class ThreadedWatcher final : public PathWatcher {
 public:
  ThreadedWatcher(SharedPtr shared, std::thread thread)
      : shared_(std::move(shared)), thread_(std::move(thread)) {
    pthread_setname_np(thread_.native_handle(), "watcher");
  }
  ThreadedWatcher(const ThreadedWatcher&) = delete;
  ThreadedWatcher& operator=(const ThreadedWatcher&) = delete;
  ~ThreadedWatcher() override {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    Wake();
    const bool ended =
        shared_->moved.wait_for(lock, kStopPatience, [this] { return shared_->ended; });
    lock.unlock();
    ended ? thread_.join() : thread_.detach();
  }

  void Watch(std::vector<std::string> paths) override {
    std::unique_lock lock(shared_->mutex);
    shared_->wanted = std::move(paths);
    const uint64_t number = ++shared_->asked;
    Wake();
    const bool in_time =
        std::this_thread::get_id() != thread_.get_id() &&
        shared_->moved.wait_for(lock, kFirstLook, [&] { return shared_->answered >= number; });
    if (!in_time) shared_->given_up = number;
  }

  [[nodiscard]] std::vector<Error> Problems() const override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->problems;
  }

 private:
  void Wake() const { ::eventfd_write(shared_->wake.get(), 1); }

  SharedPtr shared_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<PathWatcher>> PathWatcher::Start(Changed changed) {
  WatchedPaths paths = TRY(WatchedPaths::Make());
  const auto shared = std::make_shared<Shared>();
  shared->wake = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared->wake) return SystemError(errno, "cannot watch files", "");
  // Of this thread's mount namespace, which the new one inherits. Without /proc there is none.
  UniqueFd mounts(::open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC));
  auto watcher =
      std::make_unique<Watcher>(shared, std::move(paths), std::move(mounts), std::move(changed));
  std::thread thread([shared, watcher = std::move(watcher)]() mutable {
    watcher->Run();
    watcher.reset();
    const std::lock_guard lock(shared->mutex);
    shared->ended = true;
    shared->moved.notify_all();
  });
  return std::unique_ptr<PathWatcher>(std::make_unique<ThreadedWatcher>(shared, std::move(thread)));
}

}  // namespace secretfs
