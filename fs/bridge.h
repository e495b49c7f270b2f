// The table of libfuse callbacks: each turns a request into a call of Ops and replies exactly once.
#pragma once

#include "fs/device.h"
#include "fs/handle_table.h"
#include "fs/interrupts.h"
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
  /// Names are told when they go (fs/touch.h), so that the kernel may remember them. Set once,
  /// before requests come.
  bool names_last = false;
  /// Lookups of a folder: wanted, and the kernel is not yet told.
  std::atomic<bool> side_by_side{false};
  BridgeState(const Ops& all_ops, ProcGroups& all_groups, Device& its_device)
      : ops(all_ops), groups(all_groups), device(its_device) {}
};

const fuse_lowlevel_ops& BridgeTable() noexcept;

/// Whatever would change something: EROFS, but for our own touch, which changes nothing.
/// (fs/bridge_writes.cpp)
void AddWrites(fuse_lowlevel_ops& table) noexcept;
/// Whether the thread that touches asks, about what it is touching right now.
bool IsTouch(fuse_req* request, uint64_t inode) noexcept;
/// Replies with attributes as they are in memory.
void ReplyWithPeek(fuse_req* request, uint64_t inode) noexcept;

}  // namespace secretfs::fs
