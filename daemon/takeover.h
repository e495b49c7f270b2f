// What a server gets from its supervisor instead of mounting, and what the two say to each other
// (daemon/supervision.h says in which words).
#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "fs/mount.h"
#include "fs/session.h"
#include "fs/state.h"

namespace secretfs {

struct Takeover {
  UniqueFd device;
  UniqueFd state;
  UniqueFd control;
  UniqueFd root;  // none for a user's mount
  fs::Recovery recovery{};
};

/// The descriptors at the numbers of daemon/control.h, which become this process's own. Errors:
/// kInvalid when they are not what a supervisor passes.
Result<Takeover> TakeDescriptors(bool with_root, fs::Recovery recovery);

/// The server's end. One thread listens; any may speak.
class SupervisorLink {
 public:
  explicit SupervisorLink(UniqueFd control) : control_(std::move(control)) {}
  enum class Order { kNone, kGo, kLeave, kEnd, kGone };
  /// `p`, `r`, `h` or `x`.
  void Say(char word) const noexcept;
  /// To poll for; -1 once the supervisor is gone.
  [[nodiscard]] int fd() const noexcept { return there_ ? control_.get() : -1; }
  [[nodiscard]] bool there() const noexcept { return there_; }
  /// What it wants next, if anything; kGone once when it is gone.
  Order Next() noexcept;

 private:
  const UniqueFd control_;
  bool there_ = true;  // of who listens
};

/// Says that all is prepared, and waits until it may be served. False when it is not to be: another
/// word came, a signal that ends, or the supervisor is gone.
bool AwaitGo(SupervisorLink& supervisor, int signals);

}  // namespace secretfs
