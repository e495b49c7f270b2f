// Shares: how much of something that all users share each of them has, so that none can take it
// all. Root may. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <unordered_map>

namespace secretfs::fs {

class Shares {
 public:
  /// `most` for one user.
  explicit Shares(size_t most) noexcept : most_(most) {}

  [[nodiscard]] bool MayTake(uid_t user) const {
    if (user == 0) return true;
    const auto at = taken_.find(user);
    return at == taken_.end() || at->second < most_;
  }
  void Take(uid_t user) { ++taken_[user]; }
  void GiveBack(uid_t user) {
    const auto at = taken_.find(user);
    if (at != taken_.end() && --at->second == 0) taken_.erase(at);
  }

 private:
  const size_t most_;
  std::unordered_map<uid_t, size_t> taken_;
};

}  // namespace secretfs::fs
