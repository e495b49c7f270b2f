#include "fs/poll_table.h"

#include <utility>

#include "fs/fuse_api.h"

namespace secretfs::fs {

void FreePoll::operator()(fuse_pollhandle* handle) const noexcept {
  fuse_pollhandle_destroy(handle);
}

void PollTable::Keep(uint64_t inode, uint64_t file, SharedPoll poll) {
  const std::lock_guard lock(mutex_);
  inodes_[file] = inode;
  polls_[inode][file] = std::move(poll);
}

void PollTable::Drop(uint64_t file) {
  const std::lock_guard lock(mutex_);
  const auto inode = inodes_.find(file);
  if (inode == inodes_.end()) return;
  const auto polls = polls_.find(inode->second);
  polls->second.erase(file);
  if (polls->second.empty()) polls_.erase(polls);
  inodes_.erase(inode);
}

void PollTable::Wake(uint64_t inode) {
  std::map<uint64_t, SharedPoll> woken;
  {
    const std::lock_guard lock(mutex_);
    const auto polls = polls_.find(inode);
    if (polls == polls_.end()) return;
    woken = std::move(polls->second);
    polls_.erase(polls);
    for (const auto& [file, poll] : woken) inodes_.erase(file);
  }
  for (const auto& [file, poll] : woken) fuse_lowlevel_notify_poll(poll.get());
}

size_t PollTable::size() const {
  const std::lock_guard lock(mutex_);
  return inodes_.size();
}

}  // namespace secretfs::fs
