#include "daemon/reopen_log.h"

#include <utility>

namespace secretfs {
namespace {

using Reason = fs::ReopenFailure::Reason;

/// As it has to be once a file is another.
bool IsUsual(Reason reason) { return reason == Reason::kGone || reason == Reason::kChanged; }

}  // namespace

void ReopenLog::Note(const fs::ReopenFailure& failure) {
  const std::lock_guard lock(mutex_);
  Noted& noted = noted_.at(static_cast<size_t>(failure.reason));
  ++noted.count;
  noted.newest = failure;
}

void ReopenLog::Tell(Log& log) {
  std::array<Noted, fs::kReopenReasons> told;
  {
    const std::lock_guard lock(mutex_);
    told = std::exchange(noted_, {});
  }
  for (const Noted& noted : told) {
    if (noted.count == 0) continue;
    const auto& [reason, name, why] = noted.newest;
    const std::initializer_list<Field> fields{
        {"reason", fs::ReasonName(reason)}, {"name", name}, {"why", why}, {"count", noted.count}};
    IsUsual(reason) ? log.Info("not_reopened", fields) : log.Warning("not_reopened", fields);
  }
}

}  // namespace secretfs
