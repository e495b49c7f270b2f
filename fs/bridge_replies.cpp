#include <linux/fuse.h>

#include <cerrno>
#include <cstring>

#include "fs/bridge.h"
#include "fs/negotiation.h"

namespace secretfs::fs {
namespace {

/// libfuse before 3.17 does not pass FUSE_CAP_PARALLEL_DIROPS on, so it is put into the reply to
/// INIT here: the first after OnInit, as the kernel asks for nothing else before.
void MendInitReply(BridgeState& state, const iovec* parts, int count) {
  if (!state.side_by_side || !state.side_by_side.exchange(false)) return;
  if (count == 2 && parts[1].iov_len >= FUSE_COMPAT_22_INIT_OUT_SIZE)
    static_cast<fuse_init_out*>(parts[1].iov_base)->flags |= FUSE_PARALLEL_DIROPS;
}

Bytes Joined(const iovec* parts, int count) {
  Bytes all;
  for (int i = 0; i < count; ++i) {
    const auto* const begin = static_cast<const std::byte*>(parts[i].iov_base);
    all.insert(all.end(), begin, begin + parts[i].iov_len);
  }
  return all;
}

/// From now on servers adopt this connection. Before the kernel has the reply: if it never gets it
/// from us, the next server finds the request unanswered, and this to answer it with.
void NoteAgreement(State& state, ByteView reply) {
  Agreement& agreement = state.layout().agreement;
  if (!IsAgreement(reply) || reply.size() > agreement.reply.size() || state.begun()) return;
  std::memcpy(agreement.reply.data(), reply.data(), reply.size());
  agreement.reply_size = static_cast<uint32_t>(reply.size());
  agreement.begun = 1;
}

/// The kernel does not wait for it any more: it has it, or knows of nobody who waits.
ssize_t WriteOnce(BridgeState& bridge, uint64_t unique, const iovec* parts, int count) {
  return bridge.device.Write(parts, count, [&](ssize_t written) {
    if (written >= 0 || errno == ENOENT) bridge.journal.Answered(unique);
  });
}

}  // namespace

ssize_t WriteReply(int /*fd*/, iovec* parts, int count, void* state) {
  BridgeState& bridge = *static_cast<BridgeState*>(state);
  const uint64_t unique = static_cast<const fuse_out_header*>(parts[0].iov_base)->unique;
  if (unique != 0 && unique == bridge.init) {
    bridge.init = 0;
    MendInitReply(bridge, parts, count);
    const Bytes reply = Joined(parts, count);
    if (bridge.rehearsed) {
      bridge.rehearsed = reply;
      return static_cast<ssize_t>(reply.size());
    }
    if (bridge.state != nullptr) NoteAgreement(*bridge.state, reply);
  }
  const ssize_t written = WriteOnce(bridge, unique, parts, count);
  if (written >= 0 || unique == 0 || errno == ENOENT) return written;
  // What is smaller may do. Else it stays in its slot, for the next server.
  const int error = errno;
  fuse_out_header failed{sizeof(failed), -EIO, unique};
  const iovec part{&failed, sizeof(failed)};
  (void)WriteOnce(bridge, unique, &part, 1);
  errno = error;
  return written;
}

}  // namespace secretfs::fs
