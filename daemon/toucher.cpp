#include "daemon/toucher.h"

#include <pthread.h>

#include <chrono>

namespace secretfs {
namespace {

constexpr std::chrono::seconds kPatience{2};

}  // namespace

Toucher::Toucher(fs::Session& session)
    : session_(session), thread_([this] {
        pthread_setname_np(pthread_self(), "toucher");
        session_.ServeTouches();
        const std::lock_guard lock(mutex_);
        ended_ = true;
        end_.notify_all();
      }) {}

bool Toucher::Stop() {
  session_.StopTouches();
  std::unique_lock lock(mutex_);
  return end_.wait_for(lock, kPatience, [this] { return ended_; });
}

}  // namespace secretfs
