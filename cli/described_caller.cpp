#include "cli/described_caller.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <optional>

#include "base/text.h"

namespace secretfs {
namespace {

std::optional<uint32_t> Number(const std::string& text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number != UINT32_MAX ? std::optional(number) : std::nullopt;
}

Error NoSuch(const std::string& what, const std::string& name) {
  return {Code::kInvalid, "there is no " + what + " " + Quote(name), "", "give its number"};
}

Result<uid_t> FindUser(const std::string& name) {
  if (name.empty()) return ::geteuid();
  if (const auto number = Number(name)) return *number;
  const passwd* found = ::getpwnam(name.c_str());
  if (found == nullptr) return NoSuch("user", name);
  return found->pw_uid;
}

Result<gid_t> FindGroup(const std::string& name) {
  if (const auto number = Number(name)) return *number;
  const group* found = ::getgrnam(name.c_str());
  if (found == nullptr) return NoSuch("group", name);
  return found->gr_gid;
}

/// The group of her own first; none for who is not known.
std::vector<gid_t> GroupsOf(uid_t uid) {
  const passwd* found = ::getpwuid(uid);
  if (found == nullptr) return {};
  int count = 1 << 16;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (::getgrouplist(found->pw_name, found->pw_gid, groups.data(), &count) < 0) return {};
  groups.resize(static_cast<size_t>(count));
  return groups;
}

/// Of the cgroup that a unit of this name has below `above`.
Result<Units> UnitsIn(const std::string& above, const std::string& name, const std::string& found) {
  const Units units = UnitsOf("0::" + above + "/" + name + "\n");
  const std::string& told = found.empty() ? units.unit : units.user_unit;
  if (name.find('/') == std::string::npos && told == name) return units;
  return Error{Code::kInvalid, Quote(name) + " is not the name of a unit that has processes", "",
               "as in nginx.service"};
}

Result<Units> FindUnits(const CallerOptions& options, uid_t uid) {
  if (!options.unit.empty()) return UnitsIn("", options.unit, "");
  if (options.user_unit.empty()) return Units{};
  const size_t slash = options.user_unit.find('/');
  const bool of_another = slash != std::string::npos;
  if (of_another) uid = TRY(FindUser(options.user_unit.substr(0, slash)));
  const std::string manager = "user@" + std::to_string(uid) + ".service";
  const std::string name = of_another ? options.user_unit.substr(slash + 1) : options.user_unit;
  return UnitsIn("/" + manager, name, manager);
}

}  // namespace

Result<DescribedCaller> DescribedCaller::From(const CallerOptions& options) {
  const uid_t uid = TRY(FindUser(options.user));
  std::vector<gid_t> groups;
  for (const std::string& name : options.groups) groups.push_back(TRY(FindGroup(name)));
  if (groups.empty()) groups = GroupsOf(uid);
  if (!options.program.empty() && !options.program.starts_with('/')) {
    return Error{Code::kInvalid, Quote(options.program) + " is not the path of a program", "",
                 "an absolute one, as in /usr/sbin/nginx"};
  }
  return DescribedCaller(uid, std::move(groups), TRY(FindUnits(options, uid)), options.program);
}

}  // namespace secretfs
