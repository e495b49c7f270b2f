// What /proc tells of the process behind a request. Valid until the request is answered: until then
// its thread is blocked in the kernel, so its id cannot pass to another process.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/policy.h"
#include "fs/thread_units.h"

namespace secretfs::fs {

/// Looks supplementary groups up. Thread-safe.
///
/// The kernel takes 40 ms to print 65,536 groups, which any user with subordinate ids can give
/// himself, and one thread answers all requests. So whose process has more than some thousands is
/// taken to have none, for ten seconds each time.
class ProcGroups {
 public:
  explicit ProcGroups(const Clock& clock);
  /// The groups of thread `pid` of user `uid`; empty when they cannot be told.
  std::vector<gid_t> Of(pid_t pid, uid_t uid);
  /// Whether /proc shows the processes that the kernel's ids mean: not so in a pid namespace with
  /// the /proc of another.
  [[nodiscard]] bool trusted() const noexcept { return trusted_; }
  ThreadUnits& units() noexcept { return units_; }

 private:
  const Clock& clock_;
  const bool trusted_;
  ThreadUnits units_;
  std::mutex mutex_;
  std::map<uid_t, SteadyTime> too_many_until_;
};

class ProcCaller final : public Caller {
 public:
  ProcCaller(uid_t uid, gid_t gid, pid_t pid, ProcGroups& groups) noexcept
      : Caller(uid, gid, pid), all_groups_(groups) {}
  // Each asks /proc when it is first asked, and once. InGroup() does so for a group other than the
  // caller's own.
  [[nodiscard]] bool InGroup(gid_t group) const override;
  [[nodiscard]] std::string Executable() const override;
  [[nodiscard]] bool Runs(const std::string& pattern) const override;
  [[nodiscard]] Units InUnits() const override;
  [[nodiscard]] pid_t Process() const override;
  [[nodiscard]] std::shared_ptr<const Caller> Keep() const override {
    return std::make_shared<ProcCaller>(*this);
  }

 private:
  ProcGroups& all_groups_;
  [[nodiscard]] bool visible() const noexcept { return pid() > 0 && all_groups_.trusted(); }
  mutable std::optional<std::vector<gid_t>> groups_;
  [[nodiscard]] const std::optional<ThreadInfo>& Info() const;
  mutable std::optional<std::optional<ThreadInfo>> info_;
  mutable std::optional<Units> units_;
  mutable std::optional<std::string> executable_;
};

/// The "Groups:" line of a /proc/PID/status text; empty when there is none or it is not well
/// formed.
std::vector<gid_t> ParseGroups(std::string_view status);
/// The "Tgid:" line of it; 0 when there is none.
pid_t ParseProcess(std::string_view status);

}  // namespace secretfs::fs
