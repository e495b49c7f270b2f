// Requests as the kernel sends them, and replies, for tests without one.
#pragma once

#include <linux/fuse.h>

#include <cstring>

#include "base/bytes.h"

namespace secretfs::testkit {

template <class Head, class Body>
Bytes Joined(const Head& head, const Body& body) {
  Bytes all(sizeof(head) + sizeof(body));
  std::memcpy(all.data(), &head, sizeof(head));
  std::memcpy(all.data() + sizeof(head), &body, sizeof(body));
  return all;
}

/// The first request of a connection, number 2.
inline Bytes InitRequest(const fuse_init_in& body) {
  fuse_in_header head{};
  head.len = sizeof(head) + sizeof(body);
  head.opcode = FUSE_INIT;
  head.unique = 2;
  return Joined(head, body);
}

}  // namespace secretfs::testkit
