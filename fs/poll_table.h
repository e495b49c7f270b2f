// PollTable: who polls open files, as handles by which the kernel is told to ask again. One for
// each open file at most, however often it is polled. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

struct fuse_pollhandle;

namespace secretfs::fs {

struct FreePoll {
  void operator()(fuse_pollhandle* handle) const noexcept;
};
using PollPtr = std::unique_ptr<fuse_pollhandle, FreePoll>;
using SharedPoll = std::shared_ptr<fuse_pollhandle>;

class PollTable {
 public:
  /// `file` is the open file's handle. An older poll of the same file is dropped: one wakes all.
  void Keep(uint64_t inode, uint64_t file, SharedPoll poll);
  /// The file was closed.
  void Drop(uint64_t file);
  /// Makes all who poll files of this inode look again, which ends what is kept of them.
  void Wake(uint64_t inode);
  [[nodiscard]] size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, uint64_t> inodes_;                       // by open file
  std::unordered_map<uint64_t, std::map<uint64_t, SharedPoll>> polls_;  // by inode, then open file
};

}  // namespace secretfs::fs
