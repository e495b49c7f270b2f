#include "fs/request.h"

#include <cstring>

namespace secretfs::fs {

std::optional<fuse_in_header> HeadOf(ByteView request) noexcept {
  fuse_in_header head{};
  if (request.size() < sizeof(head)) return std::nullopt;
  std::memcpy(&head, request.data(), sizeof(head));
  return head;
}

bool IsAnswered(uint32_t opcode) noexcept {
  return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET && opcode != FUSE_INTERRUPT &&
         opcode != FUSE_NOTIFY_REPLY;
}

std::optional<PollWish> PollWishOf(ByteView request) noexcept {
  const auto head = HeadOf(request);
  fuse_poll_in poll{};
  if (!head || head->opcode != FUSE_POLL || request.size() < sizeof(*head) + sizeof(poll)) {
    return std::nullopt;
  }
  std::memcpy(&poll, request.data() + sizeof(*head), sizeof(poll));
  if ((poll.flags & FUSE_POLL_SCHEDULE_NOTIFY) == 0) return std::nullopt;
  return PollWish{poll.fh, poll.kh};
}

}  // namespace secretfs::fs
