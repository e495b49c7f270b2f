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

namespace {

constexpr size_t kMostStatus = size_t{32} * 1024;  // some 3,000 groups
constexpr std::chrono::seconds kPenalty{10};
constexpr size_t kMostPenalties = 1024;

bool ProcIsOurs() {
  std::array<char, 32> self{};
  const ssize_t n = ::readlink("/proc/self", self.data(), self.size());
  return n > 0 &&
         std::string_view(self.data(), static_cast<size_t>(n)) == std::to_string(::getpid());
}

}  // namespace

ProcGroups::ProcGroups(const Clock& clock) : clock_(clock), trusted_(ProcIsOurs()) {}

std::vector<gid_t> ProcGroups::Of(pid_t pid, uid_t uid) {
  if (pid <= 0 || !trusted_) return {};
  const SteadyTime now = clock_.Steady();
  {
    const std::lock_guard lock(mutex_);
    const auto until = too_many_until_.find(uid);
    if (until != too_many_until_.end() && now < until->second) return {};
  }
  const auto status = ReadFile("/proc/" + std::to_string(pid) + "/status", kMostStatus);
  if (status) return ParseGroups(AsText(*status));
  if (status.error().code == Code::kTooLarge) {
    const std::lock_guard lock(mutex_);
    if (too_many_until_.size() >= kMostPenalties) too_many_until_.clear();
    too_many_until_[uid] = now + kPenalty;
  }
  return {};
}

bool ProcCaller::InGroup(gid_t group) const {
  if (group == gid()) return true;
  if (!groups_) groups_ = all_groups_.Of(pid(), uid());
  return std::find(groups_->begin(), groups_->end(), group) != groups_->end();
}

std::string ProcCaller::Executable() const {
  if (pid() <= 0 || !all_groups_.trusted()) return "";
  std::array<char, PATH_MAX> target{};
  const ssize_t n =
      ::readlink(("/proc/" + std::to_string(pid()) + "/exe").c_str(), target.data(), target.size());
  return n <= 0 ? "" : std::string(target.data(), static_cast<size_t>(n));
}

bool ProcCaller::Runs(const std::string& /*pattern*/) const { return false; }

Units ProcCaller::InUnits() const { return {}; }

pid_t ProcCaller::Process() const { return 0; }

}  // namespace secretfs::fs
