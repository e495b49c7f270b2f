// RefusalBudget: how many refusals of each user are on record one by one in a second, so that
// nobody can rotate the audit away, or hide what others were refused, by asking and asking. Those
// beyond are counted. Its memory is bounded. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "core/audit.h"

namespace secretfs {

class RefusalBudget {
 public:
  static constexpr unsigned kEach = 20;                     // a second
  static constexpr unsigned kCredentials = 100;             // a second, that systemd asked for
  static constexpr size_t kUsers = 32;                      // with a budget of their own
  static constexpr uid_t kOthers = static_cast<uid_t>(-1);  // all users beyond these together

  /// Refusals that are not on record one by one.
  struct More {
    uid_t uid;
    bool credentials;
    uint64_t count;
  };

  /// Whether this refusal shall be on record; else it is counted.
  bool Take(const AuditEvent& refusal, SteadyTime now);
  /// Whether some were counted that Collect() did not give yet.
  [[nodiscard]] bool owes() const noexcept { return owes_; }
  /// What was counted since the last time; nothing before a second has passed, unless `all`.
  std::vector<More> Collect(SteadyTime now, bool all);

 private:
  struct Share {
    More more;
    unsigned taken;  // in this second
  };
  Share& ShareOf(uid_t uid, bool credentials);

  std::vector<Share> shares_;
  SteadyTime second_{};
  SteadyTime collected_{};
  bool owes_ = false;
};

}  // namespace secretfs
