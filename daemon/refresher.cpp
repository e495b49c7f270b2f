#include "daemon/refresher.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace secretfs {
namespace {

constexpr std::chrono::hours kIdleWake{1};

}  // namespace

Refresher::Refresher(Services services)
    : services_(std::move(services)), schedule_(services_.random) {}

Refresher::~Refresher() { Stop(); }

void Refresher::Run() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
  pthread_setname_np(thread_.native_handle(), "refresher");
}

void Refresher::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Refresher::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const SteadyTime now = services_.clock.Steady();
    std::vector<EntryPtr> due = std::exchange(now_, {});
    for (EntryPtr& document : schedule_.TakeDue(now)) due.push_back(std::move(document));
    if (!due.empty()) {
      lock.unlock();
      for (const EntryPtr& entry : due) services_.make(entry);
      lock.lock();
      continue;
    }
    wake_.wait_until(lock, stop, schedule_.NextTime().value_or(now + kIdleWake),
                     [this] { return std::exchange(changed_, false); });
  }
}

void Refresher::WakeLocked() {
  changed_ = true;
  wake_.notify_one();
}

void Refresher::Declare(const std::vector<EntryPtr>& documents) {
  const std::lock_guard lock(mutex_);
  schedule_.Declare(documents, services_.clock.Steady());
  WakeLocked();
}

void Refresher::Tried(const EntryPtr& entry) {
  const std::lock_guard lock(mutex_);
  if (!open_.empty()) NoteTriedLocked(entry);
  if (!entry->spec().remote) return;
  schedule_.Tried(entry, services_.clock.Steady());
  WakeLocked();
}

void Refresher::NetworkChanged() {
  const std::lock_guard lock(mutex_);
  schedule_.NetworkChanged(services_.clock.Steady());
  WakeLocked();
}

void Refresher::RefreshNow(const EntryPtr& entry) {
  const std::vector<EntryPtr> origins = OriginsOf({entry});
  const bool itself = entry->spec().fresh || (origins.size() == 1 && origins.front() == entry);
  const std::lock_guard lock(mutex_);
  BeginLocked(origins, itself ? nullptr : entry);
}

void Refresher::RefreshAll(const std::vector<EntryPtr>& entries) {
  std::vector<EntryPtr> origins = OriginsOf(entries);
  std::erase_if(origins,
                [](const EntryPtr& entry) { return !entry->spec().remote && !entry->wanted(); });
  const std::lock_guard lock(mutex_);
  BeginLocked(origins, nullptr);
}

void Refresher::BeginLocked(const std::vector<EntryPtr>& origins, EntryPtr then) {
  ++refreshes_.asked;
  if (origins.empty()) {
    if (open_.empty()) refreshes_.answered = refreshes_.asked;
    return;
  }
  open_[refreshes_.asked] = {{origins.begin(), origins.end()}, std::move(then)};
  now_.insert(now_.end(), origins.begin(), origins.end());
  WakeLocked();
}

void Refresher::NoteTriedLocked(const EntryPtr& entry) {
  for (auto at = open_.begin(); at != open_.end();) {
    Open& open = at->second;
    open.waits_for.erase(entry);
    if (open.waits_for.empty() && open.then) {
      now_.push_back(open.then);
      WakeLocked();
      open.waits_for.insert(std::exchange(open.then, nullptr));
    }
    at = open.waits_for.empty() ? open_.erase(at) : std::next(at);
  }
  refreshes_.answered = open_.empty() ? refreshes_.asked : open_.begin()->first - 1;
}

Refreshes Refresher::refreshes() const {
  const std::lock_guard lock(mutex_);
  return refreshes_;
}

std::vector<EntryPtr> OriginsOf(const std::vector<EntryPtr>& entries) {
  std::vector<EntryPtr> all;
  std::unordered_set<EntryPtr> known;
  const auto add = [&](const std::vector<EntryPtr>& more) {
    for (const EntryPtr& entry : more) {
      if (known.insert(entry).second) all.push_back(entry);
    }
  };
  add(entries);
  std::vector<EntryPtr> origins;
  for (size_t next = 0; next < all.size(); ++next) {
    const EntryPtr entry = all[next];
    add(entry->spec().inputs);
    if (entry->spec().inputs.empty() && !entry->spec().fresh) origins.push_back(entry);
  }
  return origins;
}

}  // namespace secretfs
