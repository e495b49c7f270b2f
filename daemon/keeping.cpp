#include "daemon/keeping.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <utility>

#include "daemon/stop_thread.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kRetry{5};
constexpr std::chrono::seconds kLongestRetry{60};
constexpr std::chrono::seconds kRest{30};  // unused so long, the keeper is let go
constexpr std::chrono::hours kLong{1};

SteadyTime Now() { return std::chrono::steady_clock::now(); }

std::string TextOf(const std::optional<Error>& error) { return error ? error->Text() : ""; }

}  // namespace

Keeping::Keeping(std::unique_ptr<KeeperChannel> channel, Services services)
    : channel_(std::move(channel)), services_(std::move(services)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
  pthread_setname_np(thread_.native_handle(), "keeping");
}

Keeping::~Keeping() {
  if (!Stop()) std::abort();  // RunDaemon ends the process instead
}

bool Keeping::Stop() { return StopThread(thread_, mutex_, wake_, ended_); }

void Keeping::Keep(const std::vector<File>& files) {
  const std::lock_guard lock(mutex_);
  files_ = files;
  settled_ = false;
  copied_.clear();
  for (const File& file : files) {
    if (!file.consumers.copies.empty()) copied_.insert(file.entry);
  }
  wake_.notify_all();
}

void Keeping::Tried(const EntryPtr& entry) {
  const std::lock_guard lock(mutex_);
  if (!copied_.contains(entry)) return;
  tried_ = true;
  wake_.notify_all();
}

bool Keeping::AwaitCopies(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, patience, [this] { return settled_ || ended_; });
}

CopyStates Keeping::copies() const {
  const std::lock_guard lock(mutex_);
  return states_;
}

void Keeping::Work(const std::stop_token& stop) {
  SteadyTime retry = SteadyTime::max();
  SteadyTime rest = SteadyTime::max();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto has_news = [this] { return files_ || tried_; };
    const bool news =
        wake_.wait_until(lock, stop, std::min({retry, rest, Now() + kLong}), has_news);
    if (stop.stop_requested()) break;
    const auto files = std::exchange(files_, std::nullopt);
    tried_ = false;
    lock.unlock();
    if (files) TakeFiles(*files);
    const bool again = Now() >= retry;
    if (news || again) {
      retry = Look(again, stop);
      NoteSettled();
      rest = in_use_ ? Now() + kRest : SteadyTime::max();
    } else if (Now() >= rest) {
      channel_->Rest();
      in_use_ = false;
      rest = SteadyTime::max();
    }
    lock.lock();
  }
  lock.unlock();
  channel_->Rest();
  lock.lock();
  ended_ = true;
  wake_.notify_all();
}

void Keeping::TakeFiles(const std::vector<File>& files) {
  links_.clear();
  copies_.clear();
  for (const File& file : files) {
    const std::string& name = file.entry->name();
    for (const std::string& path : file.consumers.links) links_.push_back({name, path});
    for (const std::string& path : file.consumers.copies) {
      copies_.push_back({{name, path}, file.entry, file.access});
    }
  }
  const auto is_wanted = [this](const Kept& kept) {
    return std::ranges::find(copies_, kept, &Wanted::kept) != copies_.end();
  };
  std::erase_if(given_, [&](const auto& given) { return !is_wanted(given.first); });
  asked_ = false;
  ask_at_ = {};
  ask_pause_ = {};
  const std::lock_guard lock(mutex_);
  std::set<std::string> paths;
  for (const Wanted& wanted : copies_) paths.insert(wanted.kept.path);
  std::erase_if(states_, [&](const auto& state) { return !paths.contains(state.first); });
}

/// Brings everything in step; tells when to try again. `again`: it is.
SteadyTime Keeping::Look(bool again, const std::stop_token& stop) {
  if (!asked_ && Now() >= ask_at_ && !AskForAll()) return Now() + kRetry;
  if (!GiveCopies(again, stop)) return Now() + kRetry;
  return asked_ ? SteadyTime::max() : ask_at_;
}

Result<KeeperAnswer> Keeping::Ask(const KeeperRequest& request) {
  in_use_ = true;
  auto answer = channel_->Ask(request);
  if (!answer && reached_) {
    services_.log.Warning("keeper_not_reached",
                          {{"reason", answer.error().Text()}, {"hint", answer.error().hint}});
  }
  reached_ = answer.has_value();
  return answer;
}

bool Keeping::AskForAll() {
  ever_ = ever_ || !links_.empty() || !copies_.empty();
  if (!ever_ && !services_.has_kept()) {
    asked_ = true;
    return true;
  }
  KeeperRequest request;
  request.links = links_;
  for (const Wanted& wanted : copies_) request.copies.push_back(wanted.kept);
  const auto answer = Ask(request);
  if (!answer) {
    for (const Wanted& wanted : copies_) Note(wanted.kept.path, false, answer.error());
    return false;
  }
  TakeProblems(answer->problems);
  std::erase_if(given_, [&](const auto& given) {
    return std::ranges::find(answer->missing, given.first.path) != answer->missing.end();
  });
  return true;
}

/// What it could not do is tried again, but less and less often: who is in the way may stay there.
void Keeping::TakeProblems(const std::vector<Error>& problems) {
  asked_ = problems.empty();
  ask_pause_ = std::clamp(2 * ask_pause_, kRetry, kLongestRetry);
  ask_at_ = Now() + ask_pause_;
  std::vector<std::string> texts;
  for (const Error& problem : problems) {
    texts.push_back(problem.Text());
    if (std::ranges::find(not_kept_, texts.back()) != not_kept_.end()) continue;
    services_.log.Warning("not_kept", {{"reason", problem.Text()}, {"hint", problem.hint}});
  }
  not_kept_ = std::move(texts);
}

bool Keeping::GiveCopies(bool again, const std::stop_token& stop) {
  bool all = true;
  for (const Wanted& wanted : copies_) {
    if (stop.stop_requested()) return false;
    const Given given{wanted.entry->value(), CopyTermsOf(wanted.access, services_.accounts)};
    if (!given.value) {
      all = false;
      if (again) services_.want(wanted.entry);
      Note(wanted.kept.path, false, wanted.entry->GetReport().error);
      continue;
    }
    if (const auto last = given_.find(wanted.kept); last != given_.end() && last->second == given) {
      continue;
    }
    const auto error = GiveCopy(wanted, given);
    Note(wanted.kept.path, !error, error);
    if (!error) {
      given_[wanted.kept] = given;
    } else {
      all = false;
      given_.erase(wanted.kept);
    }
    if (!reached_) return false;  // or each of them would take the patience that one takes
  }
  return all;
}

std::optional<Error> Keeping::GiveCopy(const Wanted& wanted, const Given& given) {
  if (given.value->content) {
    return Error{Code::kTooLarge, "a copy can have 16 MiB at most", wanted.kept.path, ""};
  }
  KeeperRequest request;
  request.kind = KeeperRequest::Kind::kCopy;
  request.copies = {wanted.kept};
  request.content = given.value->bytes.Expose();
  const auto answer = Ask(request);
  if (!answer) return answer.error();
  if (answer->problems.empty()) return std::nullopt;
  return answer->problems.front();
}

void Keeping::NoteSettled() {
  const std::lock_guard lock(mutex_);
  if (files_) return;
  settled_ = std::ranges::all_of(copies_, [this](const Wanted& wanted) {
    const auto state = states_.find(wanted.kept.path);
    return state != states_.end() && (state->second.current || state->second.error);
  });
  if (settled_) wake_.notify_all();
}

/// Logs what is new of it.
void Keeping::Note(const std::string& path, bool current, std::optional<Error> error) {
  CopyState before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(states_[path], {current, error});
  }
  if (TextOf(before.error) == TextOf(error)) return;
  if (error && reached_) {
    services_.log.Warning("not_copied",
                          {{"copy", path}, {"reason", error->Text()}, {"hint", error->hint}});
  } else if (current) {
    services_.log.Info("copied", {{"copy", path}});
  }
}

}  // namespace secretfs
