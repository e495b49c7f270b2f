#include "daemon/refresh_schedule.h"

#include <algorithm>

namespace secretfs {
namespace {

using Duration = SteadyTime::duration;

constexpr Duration kSplay = std::chrono::seconds(2);
constexpr Duration kSplayOfCopies = std::chrono::seconds(30);
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(64);
// Of what the store answers, but not with what we want.
constexpr Duration kFirstPauseOfWrong = std::chrono::minutes(1);
constexpr Duration kLongestPauseOfWrong = std::chrono::minutes(15);

bool IsWrong(Code code) {
  return code == Code::kNotFound || code == Code::kPermission || code == Code::kInvalid;
}

}  // namespace

void RefreshSchedule::Declare(const std::vector<EntryPtr>& documents, SteadyTime now) {
  const std::set<EntryPtr> declared(documents.begin(), documents.end());
  std::erase_if(plans_, [&](const auto& planned) { return !declared.contains(planned.first); });
  std::erase_if(due_, [&](const auto& due) { return !declared.contains(due.second); });
  for (const EntryPtr& document : declared) {
    const auto [at, is_new] = plans_.try_emplace(document);
    if (!is_new) continue;
    const Entry::Report report = document->GetReport();
    if (report.value && !report.error) {
      Tried(document, now);
    } else {
      SetDue(document, at->second, now + UpTo(report.value ? kSplayOfCopies : kSplay));
    }
  }
}

void RefreshSchedule::Tried(const EntryPtr& document, SteadyTime now) {
  const auto at = plans_.find(document);
  if (at == plans_.end()) return;
  Plan& plan = at->second;
  const RemoteTerms& terms = *document->spec().remote;
  const auto error = document->GetReport().error;
  if (!error) plan.pause = {};
  SetDue(document, plan, now + Blur(error ? PauseAfter(*error, terms, plan) : terms.refresh));
}

/// The source says best when it is asked again. What is wrong costs no more requests in the long
/// run than what is right.
Duration RefreshSchedule::PauseAfter(const Error& error, const RemoteTerms& terms,
                                     Plan& plan) const {
  const bool wrong = IsWrong(error.code);
  const Duration first = wrong ? kFirstPauseOfWrong : kFirstPause;
  const Duration longest =
      wrong ? std::max<Duration>(kLongestPauseOfWrong, terms.refresh) : kLongestPause;
  plan.pause = std::clamp(2 * plan.pause, first, longest);
  return std::max<Duration>(plan.pause, error.retry_after);
}

void RefreshSchedule::NetworkChanged(SteadyTime now) {
  for (auto& [document, plan] : plans_) {
    if (!plan.due) continue;
    const auto error = document->GetReport().error;
    if (!error || IsWrong(error->code)) continue;
    plan.pause = {};
    SetDue(document, plan, std::min(*plan.due, now));
  }
}

std::vector<EntryPtr> RefreshSchedule::TakeDue(SteadyTime now) {
  std::vector<EntryPtr> taken;
  while (!due_.empty() && due_.begin()->first <= now) {
    const EntryPtr document = due_.begin()->second;
    SetDue(document, plans_.at(document), std::nullopt);
    taken.push_back(document);
  }
  return taken;
}

std::optional<SteadyTime> RefreshSchedule::NextTime() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void RefreshSchedule::SetDue(const EntryPtr& document, Plan& plan, std::optional<SteadyTime> due) {
  if (plan.due) due_.erase({*plan.due, document});
  plan.due = due;
  if (due) due_.emplace(*due, document);
}

Duration RefreshSchedule::Blur(Duration time) const { return time + UpTo(time / 10); }

Duration RefreshSchedule::UpTo(Duration most) const {
  return std::chrono::duration_cast<Duration>(most * random_());
}

}  // namespace secretfs
