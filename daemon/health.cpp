#include "daemon/health.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "base/bytes.h"
#include "base/file.h"
#include "daemon/own_file.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::milliseconds kPatienceWithFinder{100};

}  // namespace

bool AnswersFor(int root) noexcept {
  struct statx answer {};
  return ::statx(root, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &answer) == 0;
}

Health::Health(const fs::Mount& mount, std::function<void()> well)
    : mount_(mount),
      well_(std::move(well)),
      expected_(HealthText()),
      finder_([this](const std::stop_token& stop) { Find(stop); }),
      thread_([this](const std::stop_token& stop) { Work(stop); }) {}

void Health::Work(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "health");
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    lock.unlock();
    const bool well = Check();
    if (well && !stop.stop_requested()) well_();
    lock.lock();
    wake_.wait_for(lock, stop, kInterval, [] { return false; });
  }
  ended_ = true;
  wake_.notify_all();
}

/// Walks to the file when it is wanted, however long that takes.
void Health::Find(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "health_finder");
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return wanted_ && !file_; })) {
    wanted_ = false;
    lock.unlock();
    UniqueFd found(::openat(mount_.root.get(), kHealthFile, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    lock.lock();
    file_ = std::move(found);
  }
  finder_ended_ = true;
  wake_.notify_all();
}

bool Health::Check() {
  std::unique_lock lock(mutex_);
  if (!answered_ || !file_) {
    // Not before somebody serves: a walk that waits would be one more to answer.
    wanted_ = answered_ && mount_.root;
    wake_.notify_all();
    lock.unlock();
    answered_ = Answers();
    return answered_;
  }
  const int file = file_.get();  // replaced by nobody while it is not wanted
  lock.unlock();
  if (Reads(file)) return true;
  lock.lock();
  file_.reset();
  return false;
}

bool Health::Answers() const {
  if (mount_.root) return AnswersFor(mount_.root.get());
  const UniqueFd root(::open(mount_.path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return root && AnswersFor(root.get());
}

/// Opened anew: by its descriptor, not by its path.
bool Health::Reads(int file) const {
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const UniqueFd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened) return false;
  const auto content = ReadAll(opened.get(), expected_.size() + 1, kHealthFile);
  return content && AsText(*content) == expected_;
}

bool Health::Stop() {
  finder_.request_stop();
  thread_.request_stop();
  std::unique_lock lock(mutex_);
  const bool ended = wake_.wait_for(lock, kPatience, [this] { return ended_; });
  return ended && wake_.wait_for(lock, kPatienceWithFinder, [this] { return finder_ended_; });
}

}  // namespace secretfs
