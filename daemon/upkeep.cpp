#include "daemon/upkeep.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <utility>

#include "daemon/stop_thread.h"

namespace secretfs {
namespace {

/// How long a reload waits for the values of what it declares anew, before it serves the old ones.
/// Short, as nothing else is looked after meanwhile; slower ones follow when they are there.
constexpr std::chrono::milliseconds kMakePatience{500};
constexpr std::chrono::seconds kWantPatience{60};

bool AnyOf(const std::vector<std::string>& paths, const std::vector<std::string>& wanted) {
  return std::ranges::any_of(paths, [&](const std::string& path) {
    return std::ranges::find(wanted, path) != wanted.end();
  });
}

/// To watch the names in them: the links themselves lead into the mount.
std::vector<std::string> FoldersOfKept(const std::vector<File>& files) {
  std::set<std::string> folders;
  for (const File& file : files) {
    for (const auto* paths : {&file.consumers.links, &file.consumers.copies}) {
      for (const std::string& path : *paths) folders.insert(path.substr(0, path.rfind('/') + 1));
    }
  }
  return {folders.begin(), folders.end()};
}

using Depths = std::unordered_map<EntryPtr, size_t>;

/// How many entries lie below each other under this one. What is known is kept: views can share
/// inputs on many ways.
size_t DepthOf(const EntryPtr& entry, Depths& known) {
  if (const auto at = known.find(entry); at != known.end()) return at->second;
  size_t depth = 0;
  for (const EntryPtr& input : entry->spec().inputs)
    depth = std::max(depth, DepthOf(input, known) + 1);
  return known[entry] = depth;
}

}  // namespace

Upkeep::Upkeep(Services services, Start start)
    : services_(std::move(services)),
      assembly_(std::move(start.assembly)),
      own_files_(std::move(start.own_files)),
      account_files_(std::move(start.account_files)),
      dependents_(assembly_),
      tracker_(services_.accounts) {}

Upkeep::~Upkeep() {
  if (!Stop()) std::abort();  // RunDaemon ends the process instead
}

void Upkeep::Run() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
  pthread_setname_np(thread_.native_handle(), "upkeep");
}

bool Upkeep::Stop() { return StopThread(thread_, mutex_, wake_, ended_); }

void Upkeep::Reload() {
  const std::lock_guard lock(mutex_);
  inbox_.reload = ++reloads_.asked;
  wake_.notify_all();
}

void Upkeep::Changed(const std::vector<std::string>& paths) {
  const std::lock_guard lock(mutex_);
  inbox_.paths.insert(inbox_.paths.end(), paths.begin(), paths.end());
  wake_.notify_all();
}

/// Wakes the thread only for what it can have to do with: a first value that did not fail before is
/// news to nobody, and thousands of them come when a machine starts.
void Upkeep::Tried(const EntryPtr& entry) {
  const Entry::Report report = entry->GetReport();
  const std::lock_guard lock(mutex_);
  const bool awaited = awaited_.erase(entry) > 0;
  const bool back = !report.error && failed_.erase(entry) > 0;
  if (report.error) failed_.insert(entry);
  const bool newer = report.value && report.value->version > 1;
  if (report.error || back || newer) inbox_.tried.push_back(entry);
  if (report.error || back || newer || awaited) wake_.notify_all();
}

Reloads Upkeep::reloads() const {
  const std::lock_guard lock(mutex_);
  return reloads_;
}

void Upkeep::Work(const std::stop_token& stop) {
  stop_ = stop;
  (void)tracker_.Look(services_.snapshots.Load());
  WatchAll();
  // What was made before it was watched may have changed in between.
  for (const EntryPtr& entry : AllEntries()) {
    if (!entry->spec().remote) services_.loader.Refresh(entry);
  }
  services_.keep(assembly_.files);
  if (services_.fetch) services_.fetch(assembly_);
  WantConsumed();
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return !inbox_.empty(); }) && !stop.stop_requested()) {
    const Inbox inbox = std::exchange(inbox_, {});
    lock.unlock();
    Handle(inbox);
    lock.lock();
  }
  ended_ = true;
  wake_.notify_all();
}

void Upkeep::Handle(const Inbox& inbox) {
  if (inbox.reload > 0 || AnyOf(inbox.paths, config_files_)) {
    const Status loaded = LoadAnew();
    const std::lock_guard lock(mutex_);
    reloads_.answered = std::max(reloads_.answered, inbox.reload);
    if (loaded) {
      ++reloads_.succeeded;
      reloads_.last = services_.clock.Wall();
      reloads_.last_failed.reset();
      reloads_.error.reset();
    } else {
      ++reloads_.failed;
      reloads_.last_failed = services_.clock.Wall();
      reloads_.error = loaded.error();
    }
  }
  if (AnyOf(inbox.paths, assembly_.identities->Files())) RefreshFailed();
  for (const std::string& path : inbox.paths) {
    for (const EntryPtr& entry : dependents_.OfFile(path)) services_.loader.Refresh(entry);
  }
  RefreshUsers(inbox.tried);
  Tell(tracker_.Look(inbox.tried));
  const bool accounts = AnyOf(inbox.paths, account_files_);
  if (AnyOf(inbox.paths, kept_folders_) || accounts) services_.keep(assembly_.files);
  if (accounts) Tell(tracker_.Look(services_.snapshots.Load()));
}

Status Upkeep::LoadAnew() {
  const auto load = [this]() -> Result<Assembly> {
    const Config config = TRY(services_.read());
    Assembly next = TRY(Assemble(config, services_.log, &assembly_));
    TRY(services_.configure(config));
    return next;
  };
  auto next = load();
  if (!next) {
    WatchAll();  // the files may be others all the same
    services_.log.Error("reload_failed", {{"reason", next.error().Text()},
                                          {"hint", next.error().hint},
                                          {"serving", "what was there before"}});
    return std::move(next).error();
  }
  Serve(*std::move(next));
  services_.log.Info("reloaded", {{"secrets", assembly_.files.size()}});
  return Ok{};
}

void Upkeep::Serve(Assembly next) {
  const bool same_identities =
      next.identity_configs == assembly_.identity_configs && next.plugins == assembly_.plugins;
  next.UseIdentities();
  const auto replaced = InheritValues(next);
  assembly_ = std::move(next);
  dependents_ = Dependents(assembly_);
  WatchAll();
  MakeReplaced(replaced);
  std::vector<File> files = assembly_.files;
  files.insert(files.end(), own_files_.begin(), own_files_.end());
  services_.snapshots.Publish(Snapshot::Build(files, services_.clock.Wall()));
  ForgetGone();
  if (!same_identities) RefreshFailed();
  Tell(tracker_.Look(services_.snapshots.Load()));
  services_.keep(assembly_.files);
  if (services_.fetch) services_.fetch(assembly_);
  WantConsumed();
}

/// What nobody else has is not served any more.
void Upkeep::ForgetGone() {
  std::erase_if(versions_, [](const auto& tried) { return tried.first.use_count() == 1; });
  const std::lock_guard lock(mutex_);
  std::erase_if(failed_, [](const EntryPtr& entry) { return entry.use_count() == 1; });
}

/// Gives entries that are new the values of those whose names they have, but not if others may read
/// them now: who is let in to the new secret may not be for the old one. Returns them by how many
/// entries lie below them, since views are made from what is made before.
std::vector<std::vector<EntryPtr>> Upkeep::InheritValues(const Assembly& next) const {
  std::unordered_map<std::string, const File*> old;
  for (const File& file : assembly_.files) old.emplace(file.entry->name(), &file);
  std::vector<std::vector<EntryPtr>> levels;
  Depths depths;
  for (const File& file : next.files) {
    const auto before = old.find(file.entry->name());
    if (before == old.end() || before->second->entry == file.entry) continue;
    if (!before->second->entry->value()) continue;
    if (before->second->access == file.access) {
      file.entry->Inherit(*before->second->entry);
    } else {
      file.entry->Follow(*before->second->entry);
    }
    const size_t depth = DepthOf(file.entry, depths);
    if (levels.size() <= depth) levels.resize(depth + 1);
    levels[depth].push_back(file.entry);
  }
  return levels;
}

void Upkeep::MakeReplaced(const std::vector<std::vector<EntryPtr>>& levels) {
  const SteadyTime deadline = services_.clock.Steady() + kMakePatience;
  for (const std::vector<EntryPtr>& level : levels) RefreshAndWait(level, deadline);
}

void Upkeep::RefreshAndWait(const std::vector<EntryPtr>& entries, SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  awaited_.insert(entries.begin(), entries.end());
  lock.unlock();
  for (const EntryPtr& entry : entries) services_.loader.Refresh(entry);
  lock.lock();
  wake_.wait_until(lock, stop_, deadline, [this] { return awaited_.empty(); });
  awaited_.clear();
}

void Upkeep::WatchAll() {
  config_files_ = services_.config_files();
  std::vector<std::string> paths = dependents_.Files();
  const auto add = [&paths](const std::vector<std::string>& more) {
    paths.insert(paths.end(), more.begin(), more.end());
  };
  add(assembly_.identities->Files());
  add(config_files_);
  add(account_files_);
  kept_folders_ = FoldersOfKept(assembly_.files);
  add(kept_folders_);
  services_.watch(std::move(paths));
}

/// Who is to be told when a file changes must be able to tell a change from a first value, and a
/// copy is there before anybody asks.
void Upkeep::WantConsumed() {
  for (const File& file : assembly_.files) {
    const bool consumed = !file.consumers.on_change.empty() || !file.consumers.copies.empty();
    if (!consumed || file.entry->value()) continue;
    services_.loader.Want(file.entry, services_.clock.Steady() + kWantPatience,
                          Loader::Patience::kNone, [](const auto&) {});
  }
}

void Upkeep::RefreshFailed() {
  for (const EntryPtr& entry : AllEntries()) {
    if (entry->GetReport().error && !entry->spec().remote) services_.loader.Refresh(entry);
  }
}

/// Views follow their inputs: when there is a new version, and when one that failed is back.
void Upkeep::RefreshUsers(const std::vector<EntryPtr>& tried) {
  for (const EntryPtr& entry : tried) {
    const Entry::Report report = entry->GetReport();
    if (!report.value) continue;
    const uint64_t version = std::exchange(versions_[entry], report.value->version);
    const bool newer = version != report.value->version && report.value->version > 1;
    for (const EntryPtr& user : dependents_.OfEntry(entry)) {
      if (newer || user->GetReport().error) services_.loader.Refresh(user);
    }
  }
}

void Upkeep::Tell(const ChangeTracker::Found& found) {
  if (!found.changes.empty()) services_.announce(found.changes);
  for (const ChangeTracker::Due& due : found.due) services_.ask(due);
}

std::vector<EntryPtr> Upkeep::AllEntries() const {
  std::vector<EntryPtr> entries = assembly_.documents;
  for (const File& file : assembly_.files) entries.push_back(file.entry);
  return entries;
}

}  // namespace secretfs
