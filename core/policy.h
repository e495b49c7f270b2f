// Policy: may this caller read this entry, and by which rule. Total, default deny, no I/O of its
// own.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/access.h"

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
  /// told.
  [[nodiscard]] virtual std::string Executable() const = 0;

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
  std::string_view rule;  // "owner", "group", "other", "root", "group:monitoring", "none"; lives as
                          // long as the Access
};

/// The owner and group that an entry shows; root's while a name does not exist.
struct Ownership {
  uid_t uid = 0;
  gid_t gid = 0;
  bool resolved = true;  // false: ask again, the names may appear
};
Ownership OwnershipOf(const Access& access, const Accounts& accounts);

/// Root may read; then the mode's one class that fits, as in POSIX (owner, else group, else other);
/// then `readers`.
Decision CheckRead(const Access& access, const Caller& caller, const Accounts& accounts);

}  // namespace secretfs
