// Reaper: takes ended children off the process table, on a thread of its own. The kernel has been
// seen to need seconds for that, in which a supervisor could start nobody.
#pragma once

#include <sys/types.h>

#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

class Reaper {
 public:
  static Result<Reaper> Start();
  /// `child` has ended, as waitid(2) with WNOWAIT told. Does not wait.
  void Take(pid_t child) noexcept;

 private:
  Reaper(UniqueFd to, UniqueFd from);

  // The thread's end first, which closes the other one for it.
  std::jthread thread_;
  UniqueFd to_;
};

}  // namespace secretfs
