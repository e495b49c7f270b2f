// Policy: may this caller read this entry, and by which rule. Total, default deny, no I/O of its
// own.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/access.h"
#include "core/unit.h"

namespace secretfs {

/// The process that asks, as the kernel reports it. Facts that cost a look into /proc are fetched
/// when a rule asks.
class Caller {
 public:
  Caller(uid_t uid, gid_t gid, pid_t pid) noexcept : uid_(uid), gid_(gid), pid_(pid) {}
  virtual ~Caller() = default;
  [[nodiscard]] uid_t uid() const noexcept { return uid_; }
  [[nodiscard]] gid_t gid() const noexcept { return gid_; }
  /// The thread's id; 0 when the caller's pid namespace is not visible here.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Effective or supplementary group. False when it cannot be told.
  [[nodiscard]] virtual bool InGroup(gid_t group) const = 0;
  /// The path of its program, as the caller's own mount namespace has it; "" when it cannot be
  /// told. For records only: who makes that namespace makes the path too.
  [[nodiscard]] virtual std::string Executable() const = 0;
  /// Whether its program is a file that fits `pattern` (core/glob.h) here, not only there. False
  /// when it cannot be told.
  [[nodiscard]] virtual bool Runs(const std::string& pattern) const = 0;
  /// Empty when they cannot be told.
  [[nodiscard]] virtual Units InUnits() const = 0;
  /// The process that the thread pid() is of; 0 when it cannot be told.
  [[nodiscard]] virtual pid_t Process() const = 0;
  /// A copy, for one whose answer comes later.
  [[nodiscard]] virtual std::shared_ptr<const Caller> Keep() const = 0;

 protected:
  Caller(const Caller&) = default;
  Caller& operator=(const Caller&) = default;

 private:
  uid_t uid_;
  gid_t gid_;
  pid_t pid_;
};

struct Decision {
  bool allow = false;
  std::string_view rule;  // "owner", "group", "other", "root", "group:monitoring", "confine_to",
                          // "none"; lives as long as the Access
};

/// The owner and group that an entry shows; root's while a name does not exist.
struct Ownership {
  uid_t uid = 0;
  gid_t gid = 0;
  bool resolved = true;  // false: ask again, the names may appear
};
Ownership OwnershipOf(const Access& access, const Accounts& accounts);

/// Whether the caller is one of those whom a rule of `access` means. False when it cannot be told,
/// as for a unit whose process is not visible.
bool Fits(const CallerRule& rule, const Access& access, const Caller& caller,
          const Accounts& accounts);

/// Who does not fit `confine_to`, if there is one, may not, root included. Root may read; then the
/// mode's one class that fits, as in POSIX (owner, else group, else other); then `readers`.
Decision CheckRead(const Access& access, const Caller& caller, const Accounts& accounts);

/// May the caller's unit have this as a credential: CheckRead() allows, and a `unit:` or
/// `user-unit:` rule of `readers` or `confine_to` fits. Being root is not enough, or every unit
/// could import everything.
Decision CheckCredential(const Access& access, const Caller& caller, const Accounts& accounts);

}  // namespace secretfs
