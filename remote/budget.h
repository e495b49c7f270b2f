// How many requests a source is asked in 24 hours, kept over restarts. The hours roll: a limit of
// a day at midnight would let twice as many through around it, and the stores count their days from
// moments that we do not know; what holds for any 24 hours holds for theirs. The file has counts by
// hour and nothing else. One that cannot be read or written is told once and counted without.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace secretfs::remote {

/// The file in `folder` for this source.
std::string BudgetFile(const std::string& folder, const std::string& kind, const std::string& name);

/// Thread-safe.
class Budget {
 public:
  struct Options {
    std::optional<uint64_t> per_day;  // none: counted only
    std::string file;                 // absolute; or empty, then it is not kept
    std::function<void(const Error&)> warn{};
  };
  explicit Budget(Options options) : options_(std::move(options)) {}

  /// Counts requests that are about to be made. The last tenth is for what is `missing`. Errors:
  /// kLimited, with Error::retry_after; nothing is counted then.
  Status Spend(unsigned requests, bool missing, WallTime now);
  /// The same without counting.
  [[nodiscard]] Status Allows(unsigned requests, bool missing, WallTime now);
  [[nodiscard]] uint64_t Spent(WallTime now);
  [[nodiscard]] std::optional<uint64_t> per_day() const { return options_.per_day; }

 private:
  using Hours = std::map<int64_t, uint64_t>;  // since 1970 -> requests
  void Load(int64_t hour);
  void Keep();
  void Warn(const Error& error);
  [[nodiscard]] uint64_t Sum() const;
  [[nodiscard]] Status Check(unsigned requests, bool missing, WallTime now) const;

  const Options options_;
  std::mutex mutex_;  // guards what follows, and the file
  bool loaded_ = false;
  bool warned_ = false;
  Hours hours_;
};

}  // namespace secretfs::remote
