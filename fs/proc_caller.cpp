#include "fs/proc_caller.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "base/file.h"
#include "base/unique_fd.h"
#include "core/glob.h"
#include "fs/program.h"

namespace secretfs::fs {

namespace {

/// What follows `label`, which begins a line of a /proc/PID/status text; empty when none does.
std::string_view Field(std::string_view status, std::string_view label) {
  const size_t at = status.find(label);
  if (at == std::string_view::npos) return {};
  status.remove_prefix(at + label.size());
  return status.substr(0, status.find('\n'));
}

}  // namespace

std::vector<gid_t> ParseGroups(std::string_view status) {
  std::string_view line = Field(status, "\nGroups:");
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

pid_t ParseProcess(std::string_view status) {
  std::string_view line = Field(status, "\nTgid:");
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
  pid_t process = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), process);
  return error == std::errc() && process > 0 ? process : 0;
}

namespace {

constexpr size_t kMostStatus = size_t{32} * 1024;  // some 3,000 groups
constexpr std::chrono::seconds kPenalty{10};
constexpr size_t kMostPenalties = 1024;
constexpr std::string_view kRemoved = " (deleted)";

std::string ProcFile(pid_t thread, std::string_view name) {
  return "/proc/" + std::to_string(thread) + "/" + std::string(name);
}

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
  const auto status = ReadFile(ProcFile(pid, "status"), kMostStatus);
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
  if (!executable_) executable_ = visible() ? ProgramOf(pid()) : "";
  return *executable_;
}

bool ProcCaller::Runs(const std::string& pattern) const {
  const std::string path = Executable();
  // The file of a program that is removed has the mark added to its path, and nobody can tell
  // what it was; one that has such a name is nobody's either.
  if (path.empty() || path.ends_with(kRemoved) || !GlobMatches(pattern, path)) return false;
  return IsProgramOf(pid(), path);
}

const std::optional<ThreadInfo>& ProcCaller::Info() const {
  if (!info_) info_.emplace(all_groups_.units().Ask(pid()));
  return *info_;
}

Units ProcCaller::InUnits() const {
  if (!units_) units_ = visible() ? all_groups_.units().Of(pid(), Info()) : Units{};
  return *units_;
}

pid_t ProcCaller::Process() const {
  if (!visible()) return 0;
  if (Info()) return Info()->process;
  // Most callers have one thread. To ask whether it may be signalled costs a tenth of what it costs
  // to read its status; that it may not be is an answer too.
  if (::syscall(SYS_tgkill, pid(), pid(), 0) == 0 || errno == EPERM) return pid();
  const auto status = ReadFile(ProcFile(pid(), "status"), kMostStatus);
  return status ? ParseProcess(AsText(*status)) : 0;
}

}  // namespace secretfs::fs
