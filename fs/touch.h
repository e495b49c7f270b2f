// Touch: writes to our own files, through a copy of the mount that only we have, so that the kernel
// tells inotify watchers of the file and of its folder. Nothing is changed by it: what is written
// is dropped (fs/bridge_writes.cpp), and everybody else is answered as on a read-only file system.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/changes.h"

namespace secretfs::fs {

/// Whether files can be opened by inode: not so without CAP_DAC_READ_SEARCH.
bool MayOpenByHandle() noexcept;

/// Makes the kernel ask for the name of this inode anew when somebody next walks over it. Takes no
/// lock, which notify_inval_entry would: that of the folder, which any user can hold for ever.
/// `root` is a folder of the mount that is open for reading.
void Expire(int root, uint64_t inode) noexcept;

/// What is being touched, and by whom. Written by the thread that touches, read by the one that
/// answers it.
struct Touching {
  std::atomic<pid_t> thread{0};
  std::atomic<uint64_t> inode{0};
  std::atomic<bool> opened{false};  // by an answer of ours: it is our file
  [[nodiscard]] bool IsBy(pid_t who) const noexcept { return who != 0 && who == thread; }
  [[nodiscard]] bool IsBy(pid_t who, uint64_t which) const noexcept {
    return IsBy(who) && which == inode;
  }
};

/// Marks this thread as the one that touches while it lives.
class TouchingThread {
 public:
  explicit TouchingThread(Touching& touching) noexcept;
  TouchingThread(const TouchingThread&) = delete;
  TouchingThread& operator=(const TouchingThread&) = delete;
  ~TouchingThread();
  /// IN_ATTRIB for those who watch the file or its folder and, when the content changed, before the
  /// last IN_CLOSE_WRITE also IN_MODIFY. `root` is a folder, open for reading, of what
  /// WritableCopy() gives. The file is found by its inode, in the kernel's memory, where it is if
  /// somebody looked at it or watches it: to walk there could need the folder's lock. One that is
  /// not there is left alone.
  void Touch(int root, const Changes::File& file) noexcept;
  /// The same for who may not open by inode: walks to the file, so that it can be stuck while a
  /// user keeps the lock of its folder.
  void TouchByPath(int root, const Changes::File& file) noexcept;

 private:
  void Change(int fd, const Changes::File& file) noexcept;
  Touching& touching_;
};

/// Files that are to be touched by a thread which may be stuck: each once, however often it changed
/// meanwhile. Thread-safe.
class TouchQueue {
 public:
  void Add(const std::vector<Changes::File>& files);
  /// Waits for one; nothing after Stop().
  std::optional<Changes::File> Next();
  void Stop() noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Changes::File> files_;  // by inode
  bool stopped_ = false;
};

}  // namespace secretfs::fs
