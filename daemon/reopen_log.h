// ReopenLog: files that were opened in a server before and cannot be gone on with, as lines of the
// log: for each reason one each time that Tell() is called, with the newest of them and how many
// there were. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "base/log.h"
#include "fs/reopening.h"

namespace secretfs {

class ReopenLog {
 public:
  /// Waits for nothing, and writes nothing.
  void Note(const fs::ReopenFailure& failure);
  /// To be called now and then.
  void Tell(Log& log);

 private:
  struct Noted {
    uint64_t count = 0;
    fs::ReopenFailure newest{};
  };
  std::mutex mutex_;  // guards what follows
  std::array<Noted, fs::kReopenReasons> noted_;
};

}  // namespace secretfs
