#include "fs/negotiation.h"

#include <linux/fuse.h>

#include <algorithm>
#include <cstring>

#include "fs/request.h"

namespace secretfs::fs {
namespace {

/// FUSE_HAS_RESEND, of newer kernels than the header's; of `flags2`.
constexpr uint32_t kHasResend = 1U << 7U;

struct Reply {
  fuse_out_header head{};
  fuse_init_out body{};  // older kernels get less of it
};

/// Nothing for what is no reply that says yes.
std::optional<Reply> ReplyIn(ByteView bytes) noexcept {
  Reply reply;
  constexpr size_t kLeast = sizeof(reply.head) + FUSE_COMPAT_22_INIT_OUT_SIZE;
  if (bytes.size() < kLeast) return std::nullopt;
  std::memcpy(&reply.head, bytes.data(), sizeof(reply.head));
  const ByteView body = bytes.subspan(sizeof(reply.head));
  std::memcpy(&reply.body, body.data(), std::min(body.size(), sizeof(reply.body)));
  if (reply.head.error != 0 || reply.body.major != FUSE_KERNEL_VERSION) return std::nullopt;
  return reply;
}

}  // namespace

std::optional<Bytes> AgreedRequest(ByteView request, ByteView reply) {
  const auto head = HeadOf(request);
  const auto agreed = ReplyIn(reply);
  fuse_init_in wanted{};
  constexpr size_t kLeast = sizeof(fuse_in_header) + offsetof(fuse_init_in, flags2);
  if (!head || head->opcode != FUSE_INIT || !agreed || request.size() < kLeast) return std::nullopt;
  std::memcpy(&wanted, request.data() + sizeof(*head),
              std::min(sizeof(wanted), request.size() - sizeof(*head)));
  wanted.minor = std::min(wanted.minor, agreed->body.minor);
  wanted.flags &= agreed->body.flags;
  wanted.flags2 &= agreed->body.flags2;
  Bytes narrowed(sizeof(*head) + sizeof(wanted) + kBehindRequest);
  std::memcpy(narrowed.data(), &*head, sizeof(*head));
  std::memcpy(narrowed.data() + sizeof(*head), &wanted, sizeof(wanted));
  return narrowed;
}

bool KeepsAgreement(ByteView agreed, ByteView offered) noexcept {
  const auto a = ReplyIn(agreed);
  const auto b = ReplyIn(offered);
  if (!a || !b) return false;
  // A newer library was told of a kernel that is no newer than the agreement, and talks like that.
  return a->body.minor <= b->body.minor && a->body.flags == b->body.flags &&
         a->body.flags2 == b->body.flags2 && a->body.max_readahead == b->body.max_readahead &&
         a->body.max_write == b->body.max_write &&
         a->body.max_background == b->body.max_background &&
         a->body.congestion_threshold == b->body.congestion_threshold &&
         a->body.time_gran == b->body.time_gran && a->body.max_pages == b->body.max_pages &&
         a->body.map_alignment == b->body.map_alignment &&
         std::ranges::equal(a->body.unused, b->body.unused);
}

bool OffersResend(ByteView request) noexcept {
  const auto head = HeadOf(request);
  fuse_init_in init{};
  constexpr size_t kLeast = sizeof(fuse_in_header) + offsetof(fuse_init_in, unused);
  if (!head || head->opcode != FUSE_INIT || request.size() < kLeast) return false;
  std::memcpy(&init, request.data() + sizeof(*head),
              std::min(sizeof(init), request.size() - sizeof(*head)));
  return (init.flags & FUSE_INIT_EXT) != 0 && (init.flags2 & kHasResend) != 0;
}

bool IsAgreement(ByteView reply) noexcept { return ReplyIn(reply).has_value(); }

}  // namespace secretfs::fs
