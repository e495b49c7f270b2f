// RefreshSchedule: when each document of the remote sources is fetched next: soon after the start,
// but not all machines at once; again when it is as old as its terms say; after a failure with
// growing pauses, or when the source allows it. Pure: time and randomness come in. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "core/entry.h"

namespace secretfs {

class RefreshSchedule {
 public:
  /// `random` gives numbers from 0 to below 1.
  explicit RefreshSchedule(std::function<double()> random) : random_(std::move(random)) {}

  /// All documents there are from now on. Those that were known go on as they were.
  void Declare(const std::vector<EntryPtr>& documents, SteadyTime now);
  /// Its value was made, or could not be. Others than those declared are passed over.
  void Tried(const EntryPtr& document, SteadyTime now);
  /// What did not answer before may do so now.
  void NetworkChanged(SteadyTime now);

  /// What is to be fetched now; not again before it was Tried().
  std::vector<EntryPtr> TakeDue(SteadyTime now);
  /// When that has something, if ever.
  [[nodiscard]] std::optional<SteadyTime> NextTime() const;

 private:
  struct Plan {
    std::optional<SteadyTime> due;  // none while it is being fetched
    SteadyTime::duration pause{};   // that followed the newest failure, if it failed
  };
  void SetDue(const EntryPtr& document, Plan& plan, std::optional<SteadyTime> due);
  /// Up to a tenth more.
  [[nodiscard]] SteadyTime::duration Blur(SteadyTime::duration time) const;
  [[nodiscard]] SteadyTime::duration UpTo(SteadyTime::duration most) const;
  SteadyTime::duration PauseAfter(const Error& error, const RemoteTerms& terms, Plan& plan) const;

  const std::function<double()> random_;
  std::map<EntryPtr, Plan> plans_;
  std::set<std::pair<SteadyTime, EntryPtr>> due_;
};

}  // namespace secretfs
