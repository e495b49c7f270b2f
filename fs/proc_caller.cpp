#include "fs/proc_caller.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>

#include "base/file.h"

namespace secretfs::fs {

std::vector<gid_t> ParseGroups(std::string_view status) {
  constexpr std::string_view kLabel = "\nGroups:";
  const size_t label = status.find(kLabel);
  if (label == std::string_view::npos) return {};
  std::string_view line = status.substr(label + kLabel.size());
  line = line.substr(0, line.find('\n'));
  std::vector<gid_t> groups;
  while (!line.empty()) {
    const size_t digit = line.find_first_not_of(" \t");
    if (digit == std::string_view::npos) break;
    line.remove_prefix(digit);
    gid_t group = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), group);
    if (error != std::errc()) return {};
    groups.push_back(group);
    line.remove_prefix(static_cast<size_t>(end - line.data()));
  }
  return groups;
}

bool ProcCaller::InGroup(gid_t group) const {
  if (group == gid()) return true;
  if (!groups_) {
    groups_.emplace();
    if (pid() > 0) {
      constexpr size_t kLimit = size_t{1} << 20U;  // 65,536 groups fit
      const auto status = ReadFile("/proc/" + std::to_string(pid()) + "/status", kLimit);
      if (status) groups_ = ParseGroups(AsText(*status));
    }
  }
  return std::find(groups_->begin(), groups_->end(), group) != groups_->end();
}

std::string ExecutableOf(pid_t pid) {
  if (pid <= 0) return "";
  std::array<char, PATH_MAX> target{};
  const ssize_t n =
      ::readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), target.data(), target.size());
  return n <= 0 ? "" : std::string(target.data(), static_cast<size_t>(n));
}

}  // namespace secretfs::fs
