#include "daemon/load_schedule.h"

#include <algorithm>

#include "daemon/making.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kLongestPause{64};
constexpr size_t kMostRetriesOfLane = LoadSchedule::kMostOfLane / 2;

/// Whether making the value may ask a remote store: not if all that it takes is there.
bool AsksStore(const Entry& entry) {
  if (entry.spec().remote) return true;
  // Views can share inputs on many ways, so each is looked at once.
  std::vector<const Entry*> missing{&entry};
  for (size_t next = 0; next < missing.size(); ++next) {
    for (const EntryPtr& input : missing[next]->spec().inputs) {
      if (input->value()) continue;
      if (input->spec().remote) return true;
      if (std::ranges::find(missing, input.get()) == missing.end()) missing.push_back(input.get());
    }
  }
  return false;
}

}  // namespace

LoadSchedule::Ticket LoadSchedule::Want(const EntryPtr& entry, SteadyTime deadline,
                                        Patience patience, Done done,
                                        std::optional<SteadyTime> known) {
  Job& job = JobOf(entry);
  if (!known) {
    Enqueue(job);
  } else if (job.state == Job::State::kNew) {
    Park(job, *known + kKeepFailure);
  }
  const Ticket ticket = Add({entry.get(), deadline, patience, std::move(done), {}});
  job.waiting.insert(ticket);
  return ticket;
}

LoadSchedule::Ticket LoadSchedule::Read(Part part, SteadyTime deadline, Loader::PartDone done) {
  const Ticket ticket = Add({nullptr, deadline, Patience::kNone, {}, done});
  local_.fresh.emplace_back(
      std::make_shared<const Reading>(Reading{ticket, std::move(part), std::move(done)}));
  return ticket;
}

LoadSchedule::Ticket LoadSchedule::Add(Waiter waiter) {
  const Ticket ticket = ++last_ticket_;
  deadlines_.emplace(waiter.deadline, ticket);
  waiters_.emplace(ticket, std::move(waiter));
  return ticket;
}

LoadSchedule::Waiter LoadSchedule::Remove(Ticket ticket) {
  Waiter waiter = std::move(waiters_.extract(ticket).mapped());
  deadlines_.erase({waiter.deadline, ticket});
  if (waiter.entry == nullptr) return waiter;
  const auto at = jobs_.find(waiter.entry);
  Job& job = at->second;
  job.waiting.erase(ticket);
  if (job.waiting.empty() && job.state == Job::State::kParked) {
    Unpark(job);
    jobs_.erase(at);
  }
  return waiter;
}

LoadSchedule::Refuse LoadSchedule::RefusalOf(Waiter waiter) {
  if (waiter.entry == nullptr) return std::move(waiter.refuse);
  return std::move(waiter.done);
}

LoadSchedule::Refuse LoadSchedule::Withdraw(Ticket ticket) {
  return waiters_.contains(ticket) ? RefusalOf(Remove(ticket)) : Refuse{};
}

std::vector<LoadSchedule::Refuse> LoadSchedule::TakeExpired(SteadyTime now) {
  std::vector<Refuse> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    expired.push_back(RefusalOf(Remove(deadlines_.begin()->second)));
  }
  return expired;
}

std::vector<LoadSchedule::Refuse> LoadSchedule::TakeAll() {
  std::vector<Refuse> all;
  while (!deadlines_.empty()) all.push_back(RefusalOf(Remove(deadlines_.begin()->second)));
  local_.fresh.clear();
  local_.retries.clear();
  for (auto& [name, lane] : lanes_) {
    lane.fresh.clear();
    lane.retries.clear();
  }
  return all;
}

std::optional<SteadyTime> LoadSchedule::NextTime() const {
  std::optional<SteadyTime> next;
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  if (!retries_.empty() && (!next || retries_.begin()->first < *next)) {
    next = retries_.begin()->first;
  }
  return next;
}

LoadSchedule::Job& LoadSchedule::JobOf(const EntryPtr& entry) {
  Job& job = jobs_[entry.get()];
  job.entry = entry;
  return job;
}

LoadSchedule::Queue& LoadSchedule::QueueOf(const Entry& entry) {
  const std::string& lane = entry.spec().lane;
  return lane.empty() || !AsksStore(entry) ? local_ : lanes_[lane];
}

void LoadSchedule::Enqueue(Job& job) {
  if (job.state == Job::State::kQueued || job.state == Job::State::kBeingMade) return;
  if (job.state == Job::State::kParked) Unpark(job);
  job.state = Job::State::kQueued;
  QueueOf(*job.entry).fresh.emplace_back(job.entry);
}

void LoadSchedule::Park(Job& job, SteadyTime retry) {
  job.state = Job::State::kParked;
  job.retry = retry;
  retries_.emplace(retry, job.entry.get());
}

void LoadSchedule::Unpark(Job& job) { retries_.erase({job.retry, job.entry.get()}); }

bool LoadSchedule::QueueRetries(SteadyTime now) {
  bool any = false;
  while (!retries_.empty() && retries_.begin()->first <= now) {
    const auto at = jobs_.find(retries_.begin()->second);
    Job& job = at->second;
    Unpark(job);
    if (job.waiting.empty() && job.entry.use_count() == 1) {
      jobs_.erase(at);
      continue;
    }
    job.state = Job::State::kRetryQueued;
    QueueOf(*job.entry).retries.push_back(job.entry);
    any = true;
  }
  return any;
}

void LoadSchedule::Refresh(const EntryPtr& entry) {
  Job& job = JobOf(entry);
  (job.state == Job::State::kBeingMade ? job.again : job.anew) = true;
  job.pause = {};
  Enqueue(job);
}

bool LoadSchedule::MayStart(const Queue& queue, size_t most_retries) {
  return !queue.fresh.empty() || (!queue.retries.empty() && queue.retrying < most_retries);
}

bool LoadSchedule::MayStartOfLane(const Queue& lane) {
  return lane.making < kMostOfLane && MayStart(lane, kMostRetriesOfLane);
}

bool LoadSchedule::HasLaneTask() const {
  return std::ranges::any_of(lanes_, [](const auto& lane) { return MayStartOfLane(lane.second); });
}

size_t LoadSchedule::LaneHands() const {
  size_t hands = 0;
  for (const auto& [name, lane] : lanes_) {
    const size_t retries = std::min(
        lane.retries.size(), kMostRetriesOfLane - std::min(kMostRetriesOfLane, lane.retrying));
    hands += std::min(kMostOfLane, lane.making + lane.fresh.size() + retries);
  }
  return hands;
}

std::optional<LoadSchedule::Task> LoadSchedule::Take(size_t most_retries) {
  return TakeFrom(local_, "", most_retries);
}

std::optional<LoadSchedule::MakeTask> LoadSchedule::TakeOfLanes() {
  auto lane = lanes_.upper_bound(last_lane_);
  for (size_t i = 0; i < lanes_.size(); ++i, ++lane) {
    if (lane == lanes_.end()) lane = lanes_.begin();
    if (!MayStartOfLane(lane->second)) continue;
    auto task = TakeFrom(lane->second, lane->first, kMostRetriesOfLane);
    if (!task) continue;
    last_lane_ = lane->first;
    return std::get<MakeTask>(*std::move(task));
  }
  return std::nullopt;
}

std::optional<LoadSchedule::Task> LoadSchedule::TakeFrom(Queue& queue, const std::string& lane,
                                                         size_t most_retries) {
  while (!queue.fresh.empty()) {
    const auto next = std::move(queue.fresh.front());
    queue.fresh.pop_front();
    const auto* reading = std::get_if<ReadTask>(&next);
    if (reading == nullptr) {
      return Start(jobs_.at(std::get<EntryPtr>(next).get()), false, queue, lane);
    }
    if (waiters_.contains((*reading)->ticket)) return *reading;
  }
  while (!queue.retries.empty() && queue.retrying < most_retries) {
    const EntryPtr next = std::move(queue.retries.front());
    queue.retries.pop_front();
    const auto at = jobs_.find(next.get());
    if (at == jobs_.end() || at->second.state != Job::State::kRetryQueued) continue;
    if (!at->second.waiting.empty() || at->second.anew) {
      return Start(at->second, true, queue, lane);
    }
    jobs_.erase(at);
  }
  return std::nullopt;
}

LoadSchedule::MakeTask LoadSchedule::Start(Job& job, bool retry, Queue& queue,
                                           const std::string& lane) {
  job.state = Job::State::kBeingMade;
  ++queue.making;
  if (retry) ++queue.retrying;
  return {job.entry, std::exchange(job.anew, false), retry, lane};
}

std::vector<LoadSchedule::Done> LoadSchedule::Settle(const MakeTask& task,
                                                     const Result<ValuePtr>& made, bool stale,
                                                     SteadyTime now) {
  Queue& queue = task.lane.empty() ? local_ : lanes_.at(task.lane);
  --queue.making;
  if (task.retry) --queue.retrying;
  const auto at = jobs_.find(task.entry.get());
  Job& job = at->second;
  const bool again = std::exchange(job.again, false);
  const bool may_come = !made && made.error().may_come;
  const auto stays = [&](const Waiter& waiter) {
    if (made) return false;
    // Also when the deadline has passed meanwhile, which alone says that he waited in vain.
    if (may_come && waiter.patience == Patience::kUntilDeadline) return true;
    return again && waiter.deadline > now;
  };
  std::vector<Done> answered;
  for (const Ticket ticket : std::vector<Ticket>(job.waiting.begin(), job.waiting.end())) {
    if (!stays(waiters_.at(ticket))) answered.push_back(Remove(ticket).done);
  }
  job.state = Job::State::kNew;
  if (again) {
    job.anew = true;
    Enqueue(job);
  } else if (!job.waiting.empty()) {
    Park(job, now + kKeepFailure);
  } else if (stale) {
    job.anew = true;
    job.pause = std::clamp<SteadyTime::duration>(2 * job.pause, kKeepFailure, kLongestPause);
    Park(job, now + job.pause);
  } else {
    jobs_.erase(at);
  }
  return answered;
}

size_t LoadSchedule::waiting() const {
  return static_cast<size_t>(std::ranges::count_if(waiters_, [](const auto& waits) {
    const Entry* entry = waits.second.entry;
    return entry == nullptr || !entry->spec().fresh;
  }));
}

bool LoadSchedule::Settle(const ReadTask& task) {
  if (!waiters_.contains(task->ticket)) return false;
  Remove(task->ticket);
  return true;
}

}  // namespace secretfs
