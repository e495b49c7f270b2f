#include "daemon/accounts.h"

#include <grp.h>
#include <pwd.h>

#include <charconv>
#include <string_view>
#include <vector>

namespace secretfs {
namespace {

constexpr std::chrono::seconds kLookAgain{1};
constexpr size_t kFileLimit = size_t{64} << 20U;
constexpr size_t kNssBuffer = size_t{1} << 16U;

/// Ids that systemd gives to one user now and to another later (systemd.exec(5), DynamicUser=).
bool IsRecycled(uint32_t id) { return id >= 61184 && id <= 65519; }

/// The third field of each line by the first; lines that are not well formed are passed over, as
/// getpwent(3) does.
std::map<std::string, uint32_t> ParseIds(std::string_view text) {
  std::map<std::string, uint32_t> ids;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos || first == 0) continue;
    uint32_t id = 0;
    const char* begin = line.data() + second + 1;
    const char* const line_end = line.data() + line.size();
    const auto [end, error] = std::from_chars(begin, line_end, id);
    if (error != std::errc() || end == line_end || *end != ':') continue;
    ids.emplace(line.substr(0, first), id);  // the first of a name counts
  }
  return ids;
}

}  // namespace

FileAccounts::FileAccounts(const Clock& clock, std::string passwd_file, std::string group_file)
    : users_(clock, std::move(passwd_file)), groups_(clock, std::move(group_file)) {}

void FileAccounts::AskNssForUser(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(kNssBuffer);
  if (!User(name) && getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr && !IsRecycled(entry.pw_uid)) {
    users_.Remember(name, entry.pw_uid);
  }
}

void FileAccounts::AskNssForGroup(const std::string& name) {
  group entry{};
  group* found = nullptr;
  std::vector<char> buffer(kNssBuffer);
  if (!Group(name) && getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr && !IsRecycled(entry.gr_gid)) {
    groups_.Remember(name, entry.gr_gid);
  }
}

std::optional<uint32_t> FileAccounts::Table::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  RefreshLocked();
  if (const auto at = ids_.find(name); at != ids_.end()) return at->second;
  if (const auto at = from_nss_.find(name); at != from_nss_.end()) return at->second;
  return std::nullopt;
}

void FileAccounts::Table::Remember(const std::string& name, uint32_t id) {
  const std::lock_guard lock(mutex_);
  from_nss_.emplace(name, id);
}

void FileAccounts::Table::RefreshLocked() const {
  const SteadyTime now = clock_.Steady();
  if (looked_ && now - *looked_ < kLookAgain) return;
  looked_ = now;
  const auto stamp = StampOf(file_);
  if (!stamp || stamp_ == *stamp)
    return;  // gone for a moment while it is replaced: what was known stays
  const auto content = ReadFile(file_, kFileLimit);
  if (!content) return;
  stamp_ = *stamp;
  ids_ = ParseIds(AsText(*content));
}

void AskNssForNames(const std::vector<const Access*>& all, FileAccounts& accounts) {
  AccountNames names;
  for (const Access* access : all) AddNames(*access, names);
  for (const std::string& name : names.users) accounts.AskNssForUser(name);
  for (const std::string& name : names.groups) accounts.AskNssForGroup(name);
}

/// Each name once: a look-up that NSS fails can take a millisecond, and thousands of secrets may
/// name the same user.
void AskNssForNames(const Config& config, FileAccounts& accounts) {
  std::vector<const Access*> all;
  for (const SecretConfig& secret : config.secrets) all.push_back(&secret.access);
  for (const ViewConfig& view : config.views) all.push_back(&view.access);
  AskNssForNames(all, accounts);
}

}  // namespace secretfs
