// What a server gets from its supervisor instead of mounting, and what the two say to each other
// (daemon/supervision.h says in which words).
#pragma once

#include <memory>
#include <thread>

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

/// Whether nobody can ever serve a connection for which this is the error, rather than this process
/// not now.
bool MeansLost(const Error& error) noexcept;

/// The server's end. One thread listens; any may speak.
class SupervisorLink {
 public:
  explicit SupervisorLink(UniqueFd control) : control_(std::move(control)) {}
  enum class Order { kNone, kGo, kLeave, kEnd, kGone };
  /// `b`, `p`, `r`, `h` or `x`.
  void Say(char word) const noexcept;
  /// Gives back what was tried; says `x` if its error means that the connection is lost.
  template <class T>
  Result<T> Told(Result<T> tried) const {
    if (!tried && MeansLost(tried.error())) Say('x');
    return tried;
  }
  /// To poll for; -1 once the supervisor is gone.
  [[nodiscard]] int fd() const noexcept { return there_ ? control_.get() : -1; }
  [[nodiscard]] bool there() const noexcept { return there_; }
  /// What it wants next, if anything; kGone once when it is gone.
  Order Next() noexcept;

 private:
  const UniqueFd control_;
  bool there_ = true;  // of who listens
};

/// Tells the supervisor while it lives that this process goes on preparing, since nobody beats yet:
/// a server that was stopped before it serves is not waited for.
class Preparing {
 public:
  explicit Preparing(int control);
  Preparing(const Preparing&) = delete;
  Preparing& operator=(const Preparing&) = delete;
  ~Preparing() = default;

 private:
  std::jthread thread_;  // with all signals blocked; holds nothing
};

struct Going {
  bool go = false;      // else another word came, a signal that ends, or the supervisor is gone
  bool reload = false;  // SIGHUP came meanwhile
};
/// Says that all is prepared, and waits until it may be served.
Going AwaitGo(SupervisorLink& supervisor, int signals);

}  // namespace secretfs
