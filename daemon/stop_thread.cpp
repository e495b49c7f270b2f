#include "daemon/stop_thread.h"

#include <chrono>

namespace secretfs {
namespace {

constexpr std::chrono::seconds kPatience{2};

}  // namespace

bool StopThread(std::jthread& thread, std::mutex& mutex, std::condition_variable_any& wake,
                const bool& ended) {
  if (!thread.joinable()) return true;
  thread.request_stop();
  std::unique_lock lock(mutex);
  if (!wake.wait_for(lock, kPatience, [&ended] { return ended; })) return false;
  lock.unlock();
  thread.join();
  return true;
}

}  // namespace secretfs
