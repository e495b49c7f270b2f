// Raw requests of the kernel: what is to be known of one before libfuse has it. Requests can come
// from a State, where anything may be written, and libfuse reads what a request says that it has:
// so each lies in a buffer with zeros behind it, which end every name and stand for all that is
// missing.
#pragma once

#include <linux/fuse.h>

#include <optional>

#include "base/bytes.h"

namespace secretfs::fs {

/// Zeros behind a request: more than the fields of any, and the ends of its names.
constexpr size_t kBehindRequest = 512;
/// In the number of a request that the kernel sends again after FUSE_NOTIFY_RESEND.
constexpr uint64_t kResentMark = uint64_t{1} << 63U;

/// Nothing for what is too short to be answered.
std::optional<fuse_in_header> HeadOf(ByteView request) noexcept;
/// FORGET and its like are not answered.
bool IsAnswered(uint32_t opcode) noexcept;
/// Of a POLL that asks to be told later: the open file and the number by which to tell.
struct PollWish {
  uint64_t file = 0;
  uint64_t poll = 0;
};
std::optional<PollWish> PollWishOf(ByteView request) noexcept;

}  // namespace secretfs::fs
