// The table of libfuse callbacks: each turns a request into a call of Ops and replies exactly once.
#pragma once

#include "fs/handle_table.h"
#include "fs/ops.h"

struct fuse_lowlevel_ops;

namespace secretfs::fs {

/// What the callbacks get as their user data. Outlives the session.
struct BridgeState {
  const Ops& ops;
  HandleTable<OpenFile> files;
  HandleTable<OpenDirectory> directories;
};

const fuse_lowlevel_ops& BridgeTable() noexcept;

}  // namespace secretfs::fs
