// Interrupts: which requests wait for an answer and can be cancelled, as their callers may get a
// signal. Each is a number that is never used again, never an address: the answer can come, and
// the request be freed, at any moment. Thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "core/entry.h"

namespace secretfs::fs {

class Interrupts {
 public:
  /// The number of a request that is about to wait.
  uint64_t Begin() {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(++last_, Waiting{});
    return last_;
  }
  /// It waits with this ticket, unless it was answered meanwhile, or waits with a newer one: what
  /// it waits for first may come, and another thread go on, before this is called. Whether it was
  /// interrupted already.
  bool Waits(uint64_t number, Loader::Ticket ticket) {
    const std::lock_guard lock(mutex_);
    const auto at = waiting_.find(number);
    if (at == waiting_.end()) return false;
    at->second.ticket = std::max(at->second.ticket, ticket);
    return at->second.interrupted;
  }
  /// It is being answered.
  void End(uint64_t number) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(number);
  }
  /// The ticket to cancel; 0 when there is nothing to cancel, or not yet.
  Loader::Ticket Interrupt(uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto at = waiting_.find(number);
    if (at == waiting_.end()) return 0;
    at->second.interrupted = true;
    return at->second.ticket;
  }

 private:
  struct Waiting {
    Loader::Ticket ticket = 0;
    bool interrupted = false;
  };
  std::mutex mutex_;
  uint64_t last_ = 0;
  std::unordered_map<uint64_t, Waiting> waiting_;
};

}  // namespace secretfs::fs
