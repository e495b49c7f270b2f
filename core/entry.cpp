#include "core/entry.h"

#include <algorithm>

#include "base/text.h"

namespace secretfs {
namespace {

constexpr std::chrono::milliseconds kShortestChange{1};  // that file times of all kinds can tell

bool Same(const Token& a, const Token& b) {
  return a.host == b.host && a.user == b.user && a.kind == b.kind &&
         ConstantTimeEqual(a.value.Expose(), b.value.Expose());
}

bool Same(const FetchedSecret& a, const FetchedSecret& b) {
  if (a.ref != b.ref || a.value.has_value() != b.value.has_value()) return false;
  if (!a.value) return a.value.error().Text() == b.value.error().Text();
  return ConstantTimeEqual(a.value->Expose(), b.value->Expose());
}

/// Whether readers and views would find no difference. Contents are not compared: they are large,
/// and would have to be decrypted.
bool Same(const Value& a, const Value& b) {
  return !a.content && !b.content && ConstantTimeEqual(a.bytes.Expose(), b.bytes.Expose()) &&
         std::ranges::equal(a.tokens, b.tokens,
                            [](const Token& x, const Token& y) { return Same(x, y); }) &&
         std::ranges::equal(
             a.fetched, b.fetched,
             [](const FetchedSecret& x, const FetchedSecret& y) { return Same(x, y); });
}

}  // namespace

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

Entry::Report Entry::GetWholeReport() const {
  Report report = GetReport();
  if (!report.value || report.error) return report;
  // Views can share inputs on many ways, so each is looked at once.
  std::vector<EntryPtr> below = spec_.inputs;
  for (size_t next = 0; next < below.size(); ++next) {
    const EntryPtr input = below[next];
    if (const Report failed = input->GetReport(); failed.error) {
      report.state = EntryState::kStale;
      report.error = failed.error;
      report.error->what = NeedsFailed(input->name(), *failed.error);
      report.error->where.clear();
      return report;
    }
    for (const EntryPtr& more : input->spec().inputs) {
      if (std::ranges::find(below, more) == below.end()) below.push_back(more);
    }
  }
  return report;
}

std::string NeedsFailed(const std::string& name, const Error& error) {
  return "needs " + Quote(name) + ", which failed: " + error.Text();
}

ValuePtr Entry::Publish(Value value, SteadyTime now, WallTime wall) {
  ValuePtr old = this->value();  // dropped (and perhaps wiped) after the lock
  ValuePtr next = old;
  if (!old || !Same(*old, value)) {
    const Before before = old ? Before{old->version, old->modified} : before_;
    value.version = before.version + 1;
    if (before.version > 0) {
      value.modified = std::max<WallTime>(wall, before.modified + kShortestChange);
    }
    next = std::make_shared<const Value>(std::move(value));
  } else if (old->notes != value.notes) {
    value.version = old->version;
    value.modified = old->modified;
    next = std::make_shared<const Value>(std::move(value));
  }
  const std::lock_guard lock(mutex_);
  value_ = next;
  error_.reset();
  tried_ = now;
  return next;
}

void Entry::Confirm(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  error_.reset();
  tried_ = now;
}

void Entry::Preload(Value value, Error reason) {
  const std::lock_guard lock(mutex_);
  if (value_) return;
  value.version = before_.version + 1;
  value_ = std::make_shared<const Value>(std::move(value));
  error_ = std::move(reason);
}

void Entry::Inherit(const Entry& old) {
  const std::scoped_lock lock(mutex_, old.mutex_);
  value_ = old.value_;
  wanted_ = old.wanted_.load();
  usage_.opens = old.usage_.opens.load();
  usage_.denials = old.usage_.denials.load();
}

void Entry::Follow(const Entry& old) {
  const std::lock_guard lock(old.mutex_);
  if (old.value_) before_ = {old.value_->version, old.value_->modified};
  wanted_ = true;
}

void Entry::Fail(Error error, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
  tried_ = now;
}

}  // namespace secretfs
