// The table of libfuse callbacks: each turns a request into a call of Ops and replies exactly once.
#pragma once

#include "fs/handle_table.h"
#include "fs/ops.h"
#include "fs/proc_caller.h"

struct fuse_lowlevel_ops;

namespace secretfs::fs {

/// What the callbacks get as their user data. Outlives the session.
struct BridgeState {
  const Ops& ops;
  ProcGroups& groups;
  HandleTable<OpenFile> files;
  HandleTable<OpenDirectory> directories;
  bool side_by_side = false;  // lookups of a folder: wanted, and the kernel is not yet told
};

const fuse_lowlevel_ops& BridgeTable() noexcept;

}  // namespace secretfs::fs
