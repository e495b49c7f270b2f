// What /proc tells of the process behind a request. Valid until the request is answered: until then
// its thread is blocked in the kernel, so its id cannot pass to another process.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/policy.h"

namespace secretfs::fs {

class ProcCaller final : public Caller {
 public:
  using Caller::Caller;
  /// Reads /proc/PID/status once, when first asked for a group other than the caller's own.
  [[nodiscard]] bool InGroup(gid_t group) const override;

 private:
  mutable std::optional<std::vector<gid_t>> groups_;
};

/// The "Groups:" line of a /proc/PID/status text; empty when there is none or it is not well
/// formed.
std::vector<gid_t> ParseGroups(std::string_view status);

/// The target of /proc/PID/exe, or "" for kernel threads, foreign pid namespaces and pid 0.
std::string ExecutableOf(pid_t pid);

}  // namespace secretfs::fs
