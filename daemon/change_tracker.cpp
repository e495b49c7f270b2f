#include "daemon/change_tracker.h"

#include <algorithm>
#include <utility>

namespace secretfs {
namespace {

bool IsOrdinary(const Node& node) { return !node.is_directory() && !node.file.entry->spec().fresh; }

void AddDue(const Node& node, std::vector<ChangeTracker::Due>& due) {
  for (const OnChange& what : node.file.consumers.on_change) {
    const bool there = std::ranges::any_of(due, [&](const auto& d) { return d.what == what; });
    if (!there) due.push_back({what, node.file.entry->name()});
  }
}

}  // namespace

ChangeTracker::Seen ChangeTracker::See(const Node& node) const {
  const Entry::Report report = node.file.entry->GetReport();
  Seen seen;
  seen.version = report.value ? report.value->version : 0;
  seen.failed = !report.value && report.error;
  seen.ownership = OwnershipOf(node.file.access, accounts_);
  seen.mode = node.file.access.mode;
  return seen;
}

/// Nobody can have used what was not there yet, so a first version is due to nobody, and told only
/// to those who may watch a file that they could not read. An owner who appears takes what is his.
void ChangeTracker::Compare(const Node& node, Found& found) {
  const Seen now = See(node);
  const auto [at, fresh] = seen_.try_emplace(node.inode, now);
  if (fresh) return;
  const Seen before = std::exchange(at->second, now);
  const bool newer = now.version != before.version && now.version > 1;
  const bool content = newer || (now.version != 0 && before.failed);
  const bool access = now.mode != before.mode || now.ownership.uid != before.ownership.uid ||
                      now.ownership.gid != before.ownership.gid;
  if (!content && !access) return;
  found.changes.files.push_back({node.inode, node.file.entry->name(), content});
  if (newer || (access && before.ownership.resolved)) {
    AddDue(node, found.due);
  }
}

/// Of .credstore the kernel keeps no names, and nobody is to learn from it when others' come.
void ChangeTracker::CompareNames(const Snapshot& before, const Snapshot& now, Found& found) {
  std::unordered_set<uint64_t> folders;
  for (const auto& [inode, node] : before.nodes()) {
    if (node.credstore || now.Find(inode) != nullptr) continue;
    found.changes.gone.push_back(inode);
    folders.insert(node.parent);
    seen_.erase(inode);
  }
  for (const auto& [inode, node] : now.nodes()) {
    if (!node.credstore && before.Find(inode) == nullptr) folders.insert(node.parent);
  }
  for (const uint64_t folder : folders) {
    if (now.Find(folder) != nullptr) found.changes.directories.push_back(folder);
  }
}

ChangeTracker::Found ChangeTracker::Look(const SnapshotPtr& snapshot) {
  Found found;
  const SnapshotPtr before = std::exchange(snapshot_, snapshot);
  if (before && before != snapshot) CompareNames(*before, *snapshot, found);
  for (const File& file : snapshot->files()) {
    const Node* node = snapshot->FindPath(file.entry->name());
    if (node != nullptr && IsOrdinary(*node)) Compare(*node, found);
  }
  return found;
}

ChangeTracker::Found ChangeTracker::Look(const std::vector<EntryPtr>& entries) {
  Found found;
  for (const EntryPtr& entry : entries) {
    const Node* node = snapshot_ ? snapshot_->FindPath(entry->name()) : nullptr;
    if (node != nullptr && node->file.entry == entry && IsOrdinary(*node)) Compare(*node, found);
  }
  return found;
}

}  // namespace secretfs
