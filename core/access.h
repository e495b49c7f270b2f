// The terms on which one secret or view is served: who may read it, as whose file it shows, how
// long a reader is kept waiting. Plain data; core/policy.h decides by it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace secretfs {

/// A user or group as the configuration names it. A number needs no look-up; a name is looked up
/// when it is needed, since it may not exist yet when the machine boots.
struct Principal {
  std::string text;
  std::optional<uint32_t> number;

  static Principal Number(uint32_t id) { return {std::to_string(id), id}; }
  bool operator==(const Principal&) const = default;
};

/// One entry of `readers` or `confine_to`: a set of callers.
struct CallerRule {
  enum class Kind { kUser, kGroup, kUnit, kUserUnit, kExecutable };
  Kind kind = Kind::kUser;
  /// Of kUser and kGroup; of kUserUnit the user whose manager runs the unit, the file's owner when
  /// its text is empty.
  Principal who{};
  std::string pattern{};  // of the others: of unit names or of programs' paths (core/glob.h)
  std::string text{};     // as written, "group:monitoring": the rule that the audit names
  bool operator==(const CallerRule&) const = default;
};

struct Access {
  Principal owner;
  Principal group;
  mode_t mode = 0400;
  std::vector<CallerRule> readers;     // these may read as well as those whom the mode bits allow
  std::vector<CallerRule> confine_to;  // unless it is empty, nobody else reads, root included
  std::chrono::milliseconds wait{10000};  // how long a reader is kept waiting for a value
  bool operator==(const Access&) const = default;
};

/// The users and groups that terms name, but not those that they number.
struct AccountNames {
  std::set<std::string> users;
  std::set<std::string> groups;
};
void AddNames(const Access& access, AccountNames& names);

/// Looks users and groups up. Thread-safe, cheap enough to ask on every open, and never waits on a
/// service.
class Accounts {
 public:
  virtual ~Accounts() = default;
  [[nodiscard]] virtual std::optional<uid_t> User(const std::string& name) const = 0;
  [[nodiscard]] virtual std::optional<gid_t> Group(const std::string& name) const = 0;
};

inline std::optional<uid_t> ResolveUser(const Principal& who, const Accounts& accounts) {
  return who.number ? who.number : accounts.User(who.text);
}
inline std::optional<gid_t> ResolveGroup(const Principal& who, const Accounts& accounts) {
  return who.number ? who.number : accounts.Group(who.text);
}
/// Those that `access` names and that do not exist (yet), as rules name them: "user:web".
std::vector<std::string> UnknownNames(const Access& access, const Accounts& accounts);

}  // namespace secretfs
