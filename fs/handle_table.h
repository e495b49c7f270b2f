// HandleTable: what the kernel's file handles (fs/open_records.h) stand for in this process.
// Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace secretfs::fs {

template <class T>
class HandleTable {
 public:
  std::shared_ptr<const T> Put(uint64_t handle, T open) {
    auto shared = std::make_shared<const T>(std::move(open));
    const std::lock_guard lock(mutex_);
    return open_.try_emplace(handle, std::move(shared)).first->second;
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
  std::unordered_map<uint64_t, std::shared_ptr<const T>> open_;
};

}  // namespace secretfs::fs
