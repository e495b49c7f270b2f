// HandleTable: what the kernel's file handles stand for. A handle is a number that is never used
// again, so one that is stale or invented finds nothing. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace secretfs::fs {

template <class T>
class HandleTable {
 public:
  uint64_t Add(T open) {
    auto shared = std::make_shared<const T>(std::move(open));
    const std::lock_guard lock(mutex_);
    const uint64_t handle = next_++;
    open_.emplace(handle, std::move(shared));
    return handle;
  }
  /// Null when there is none.
  [[nodiscard]] std::shared_ptr<const T> Find(uint64_t handle) const {
    const std::lock_guard lock(mutex_);
    const auto at = open_.find(handle);
    return at == open_.end() ? nullptr : at->second;
  }
  void Remove(uint64_t handle) {
    std::shared_ptr<const T> removed;  // dropped, and perhaps wiped, after the lock
    const std::lock_guard lock(mutex_);
    const auto at = open_.find(handle);
    if (at == open_.end()) return;
    removed = std::move(at->second);
    open_.erase(at);
  }

 private:
  mutable std::mutex mutex_;
  uint64_t next_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<const T>> open_;
};

}  // namespace secretfs::fs
