// The table of libfuse callbacks: each turns a request into a call of Ops and replies exactly once.
#pragma once

#include <atomic>
#include <optional>

#include "base/bytes.h"
#include "fs/device.h"
#include "fs/handle_table.h"
#include "fs/interrupts.h"
#include "fs/journal.h"
#include "fs/open_records.h"
#include "fs/ops.h"
#include "fs/poll_table.h"
#include "fs/proc_caller.h"
#include "fs/touch.h"

struct fuse_lowlevel_ops;
struct fuse_req;

namespace secretfs::fs {

/// What the callbacks get as their user data. Outlives the session.
struct BridgeState {
  const Ops& ops;
  ProcGroups& groups;
  HandleTable<OpenFile> files;
  HandleTable<OpenDirectory> directories;
  Interrupts interrupts;
  PollTable polls;
  Touching touching;
  Device& device;
  State* const state;  // or null
  Journal journal;
  OpenRecords records;
  /// The request that libfuse has now. For the thread that receives.
  struct {
    uint64_t unique = 0;
    bool again = false;
  } current;
  /// The INIT that is being answered, or 0. Written by the thread that receives, before it is.
  std::atomic<uint64_t> init{0};
  /// What libfuse says to an INIT that was answered long ago; wanted while there is one.
  std::optional<Bytes> rehearsed;
  /// Names are told when they go (fs/touch.h), so that the kernel may remember them. Set once,
  /// before requests come.
  bool names_last = false;
  /// Lookups of a folder: wanted, and the kernel is not yet told.
  std::atomic<bool> side_by_side{false};
  /// `its_state` may be null. Without slots, requests are not kept in it.
  BridgeState(const Ops& all_ops, ProcGroups& all_groups, Device& its_device, State* its_state,
              bool slots)
      : ops(all_ops),
        groups(all_groups),
        device(its_device),
        state(its_state),
        journal(slots ? its_state : nullptr),
        records(its_state) {}
};

const fuse_lowlevel_ops& BridgeTable() noexcept;

/// libfuse's way to the kernel, and what has to be noted of a reply. (fs/bridge_replies.cpp)
ssize_t WriteReply(int fd, iovec* parts, int count, void* state);

/// Opening and reading. (fs/bridge_files.cpp, fs/bridge_folders.cpp)
void AddFiles(fuse_lowlevel_ops& table) noexcept;
void AddFolders(fuse_lowlevel_ops& table) noexcept;
/// Whatever would change something: EROFS, but for our own touch, which changes nothing.
/// (fs/bridge_writes.cpp)
void AddWrites(fuse_lowlevel_ops& table) noexcept;
/// Whether the thread that touches asks, about what it is touching right now.
bool IsTouch(fuse_req* request, uint64_t inode) noexcept;
/// Replies with attributes as they are in memory.
void ReplyWithPeek(fuse_req* request, uint64_t inode) noexcept;

}  // namespace secretfs::fs
