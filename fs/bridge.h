// The table of libfuse callbacks: each turns a request into a call of Ops and replies exactly once.
#pragma once

#include <cstdint>

struct fuse_lowlevel_ops;

namespace secretfs::fs {

class Ops;

/// What the callbacks get as their user data. Outlives the session.
struct BridgeState {
  const Ops& ops;
};

const fuse_lowlevel_ops& BridgeTable() noexcept;

}  // namespace secretfs::fs
