// Snapshot: the tree of one configuration, const once built. Every request is answered from one
// snapshot. SnapshotCell: where the newest one is found; replacing it is one pointer swap.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/access.h"
#include "core/consumers.h"
#include "core/entry.h"

namespace secretfs {

constexpr uint64_t kRootInode = 1;

/// An entry as a file: its path is the entry's name.
struct File {
  EntryPtr entry;
  Access access;
  Consumers consumers{};
};

/// The names of a folder, in their order. Who lists it keeps this for as long as he likes, so that
/// nothing else of the tree is in it.
struct Listed {
  uint64_t inode = 0;
  std::string name;
  bool is_directory = false;
};
using Listing = std::vector<Listed>;

struct Node {
  uint64_t inode = 0;
  uint64_t parent = 0;
  std::string name;                        // last component
  File file;                               // without an entry for a directory
  std::vector<uint64_t> children;          // of a directory, in the order of their names
  std::shared_ptr<const Listing> listing;  // the same; null in .credstore, and of a file
  size_t subdirectories = 0;
  /// In .credstore, or that itself: a name in it shows only to those who may have the credential.
  bool credstore = false;
  [[nodiscard]] bool is_directory() const noexcept { return file.entry == nullptr; }
};

class Snapshot {
 public:
  /// The tree of these files, and .credstore with those that can be credentials. Names must be
  /// valid (core/name.h), or below a folder of ours, and no name both file and directory, and no
  /// two the same as credentials, as the configuration loader ensures. `created` is the
  /// directories' time.
  static std::shared_ptr<const Snapshot> Build(const std::vector<File>& files, WallTime created);

  /// Null when there is none.
  [[nodiscard]] const Node* Find(uint64_t inode) const noexcept;
  [[nodiscard]] const Node* Child(const Node& directory, std::string_view name) const noexcept;
  /// Null for what is not there, and for "".
  [[nodiscard]] const Node* FindPath(std::string_view path) const noexcept;
  [[nodiscard]] const std::unordered_map<uint64_t, Node>& nodes() const noexcept { return nodes_; }
  [[nodiscard]] const std::vector<File>& files() const noexcept { return files_; }
  [[nodiscard]] WallTime created() const noexcept { return created_; }

 private:
  Snapshot() = default;
  void AddCredentials();
  Node& AddChild(uint64_t directory, std::string_view path, File file);
  void MakeListings();
  uint64_t FreeInode(std::string_view path, bool directory) const;

  std::unordered_map<uint64_t, Node> nodes_;
  std::vector<File> files_;
  WallTime created_;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// One writer, many readers. The lock covers one pointer copy: 9-70 ns, where
/// std::atomic<std::shared_ptr> of libstdc++ 12 is slower under contention and trips the thread
/// sanitizer.
class SnapshotCell {
 public:
  explicit SnapshotCell(SnapshotPtr first) : current_(std::move(first)) {}
  [[nodiscard]] SnapshotPtr Load() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  /// Gives the old one back, so that it is dropped outside the lock.
  SnapshotPtr Publish(SnapshotPtr next) {
    const std::lock_guard lock(mutex_);
    current_.swap(next);
    return next;
  }

 private:
  mutable std::mutex mutex_;
  SnapshotPtr current_;
};

}  // namespace secretfs
