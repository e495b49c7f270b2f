// This process in a unit, by a cgroup made as systemd makes them.
#pragma once

#include <string>
#include <vector>

namespace secretfs::bench {

/// While it lives, if a cgroup can be made.
class UnitCgroup {
 public:
  explicit UnitCgroup(const std::string& unit);
  UnitCgroup(const UnitCgroup&) = delete;
  UnitCgroup& operator=(const UnitCgroup&) = delete;
  ~UnitCgroup();
  /// Whether this process is in it.
  [[nodiscard]] bool there() const noexcept { return there_; }

 private:
  std::string before_;             // the cgroup to go back to
  std::vector<std::string> made_;  // folders, outer ones first
  bool there_ = false;
};

}  // namespace secretfs::bench
