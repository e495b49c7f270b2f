#include "daemon/health.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <chrono>

#include "base/bytes.h"
#include "base/file.h"
#include "daemon/own_file.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr std::chrono::seconds kPatience{2};
}  // namespace

Health::Health(const fs::Mount& mount, std::function<void()> well)
    : mount_(mount),
      well_(std::move(well)),
      expected_(HealthText()),
      thread_([this](const std::stop_token& stop) { Work(stop); }) {}

void Health::Work(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "health");
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    lock.unlock();
    const bool well = Check();
    lock.lock();
    if (well && !stop.stop_requested()) well_();
    wake_.wait_for(lock, stop, kInterval, [] { return false; });
  }
  ended_ = true;
  wake_.notify_all();
}

bool Health::Check() const {
  const std::string path = mount_.root ? std::string(kHealthFile) : mount_.path + "/" + kHealthFile;
  const int folder = mount_.root ? mount_.root.get() : AT_FDCWD;
  const UniqueFd file(::openat(folder, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return false;
  const auto content = ReadAll(file.get(), expected_.size() + 1, path);
  return content && AsText(*content) == expected_;
}

bool Health::Stop() {
  thread_.request_stop();
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, kPatience, [this] { return ended_; });
}

}  // namespace secretfs
