#include "core/entry.h"

namespace secretfs {

std::string_view StateName(EntryState state) noexcept {
  switch (state) {
    case EntryState::kPending:
      return "pending";
    case EntryState::kReady:
      return "ready";
    case EntryState::kStale:
      return "stale";
    case EntryState::kFailed:
      break;
  }
  return "failed";
}

ValuePtr Entry::value() const {
  const std::lock_guard lock(mutex_);
  return value_;
}

Entry::Report Entry::GetReport() const {
  const std::lock_guard lock(mutex_);
  Report report{EntryState::kPending, value_, error_, tried_};
  if (value_) {
    report.state = error_ ? EntryState::kStale : EntryState::kReady;
  } else if (error_) {
    report.state = error_->may_come ? EntryState::kPending : EntryState::kFailed;
  }
  return report;
}

ValuePtr Entry::Publish(Value value, SteadyTime now) {
  auto next = std::make_shared<Value>(std::move(value));
  ValuePtr old;  // declared before the lock, so dropped (and perhaps wiped) after it
  const std::lock_guard lock(mutex_);
  next->version = ++versions_;
  old = std::exchange(value_, next);
  error_.reset();
  tried_ = now;
  return next;
}

void Entry::Fail(Error error, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
  tried_ = now;
}

}  // namespace secretfs
