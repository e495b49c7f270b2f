#include "fs/bridge.h"

#include <memory>

#include "fs/bridge_request.h"

namespace secretfs::fs {
namespace {

// Names and attributes last until a snapshot is published, which invalidates them.
constexpr double kLasting = 3600.0;
// Names that nobody can make the kernel forget. A file that became a folder is one so long.
constexpr double kShort = 1.0;

/// The caller got a signal. libfuse holds the request's lock, so that it is not freed meanwhile;
/// the reply takes other locks.
void OnInterrupt(fuse_req_t request, void* data) noexcept {
  BridgeState& state = StateOf(request);
  const auto number = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(data));
  state.ops.Cancel(state.interrupts.Interrupt(number));
}

void ReplyEntry(fuse_req_t request, const Reply<Attributes>& reply) noexcept {
  if (reply.error() != 0) {
    fuse_reply_err(request, reply.error());
    return;
  }
  fuse_entry_param entry{};
  entry.ino = reply.value().stat.st_ino;
  entry.attr = reply.value().stat;
  const double known = StateOf(request).names_last ? kLasting : kShort;
  entry.entry_timeout = reply.value().hidden ? 0.0 : known;
  entry.attr_timeout = reply.value().lasting ? kLasting : 0.0;
  fuse_reply_entry(request, &entry);
}

void ReplyAttributes(fuse_req_t request, const Reply<Attributes>& reply) noexcept {
  if (reply.error() != 0) {
    fuse_reply_err(request, reply.error());
  } else {
    fuse_reply_attr(request, &reply.value().stat, reply.value().lasting ? kLasting : 0.0);
  }
}

void OnInit(void* state, fuse_conn_info* connection) noexcept {
  connection->want &=
      ~static_cast<unsigned>(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
                             FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO);
  // Or a lookup that waits for its value would keep all others of its folder waiting.
  const unsigned parallel = connection->capable & static_cast<unsigned>(FUSE_CAP_PARALLEL_DIROPS);
  connection->want |= parallel;
  static_cast<BridgeState*>(state)->side_by_side = parallel != 0;
  connection->max_write = kLargestRead;  // libfuse lets it limit reads too
}

/// Whether our own thread walks to what it is going to touch: that is no look that fetches
/// anything.
bool IsWalk(fuse_req_t request) noexcept {
  return StateOf(request).touching.IsBy(fuse_req_ctx(request)->pid);
}

void OnLookup(fuse_req_t raw, fuse_ino_t parent, const char* name) noexcept {
  const auto request = std::make_shared<Request>(raw);
  if (IsWalk(raw)) {
    Guarded(request, [&] {
      const auto reply = OpsOf(raw).PeekChild(parent, name);
      ReplyEntry(request->Take(), reply);
    });
    return;
  }
  Guarded(request, [&] {
    request->Waits(OpsOf(raw).Lookup(
        CallerOf(raw), parent, name,
        [request](const Reply<Attributes>& reply) { ReplyEntry(request->Take(), reply); },
        [request](std::chrono::milliseconds wait) { return request->BeforeWait(wait); }));
  });
}

void OnGetattr(fuse_req_t raw, fuse_ino_t inode, fuse_file_info* /*info*/) noexcept {
  if (IsWalk(raw)) {
    ReplyWithPeek(raw, inode);
    return;
  }
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    request->Waits(OpsOf(raw).GetAttributes(
        CallerOf(raw), inode,
        [request](const Reply<Attributes>& reply) { ReplyAttributes(request->Take(), reply); },
        [request](std::chrono::milliseconds wait) { return request->BeforeWait(wait); }));
  });
}

void OnAccess(fuse_req_t raw, fuse_ino_t inode, int mask) noexcept {
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    const int error = OpsOf(raw).Access(CallerOf(raw), inode, mask);
    fuse_reply_err(request->Take(), error);
  });
}

/// What is not here is answered ENOSYS by libfuse, and the kernel stops asking: flush, statfs,
/// reading of xattrs.
fuse_lowlevel_ops MakeTable() noexcept {
  fuse_lowlevel_ops table{};
  table.init = OnInit;
  table.lookup = OnLookup;
  table.getattr = OnGetattr;
  table.access = OnAccess;
  AddFiles(table);
  AddFolders(table);
  AddWrites(table);
  return table;
}

}  // namespace

std::optional<std::chrono::milliseconds> Request::BeforeWait(std::chrono::milliseconds wait) {
  if (number_ != 0) return wait;  // it waits already
  BridgeState& state = StateOf(request_);
  const auto allowed = state.journal.MayWait(state.current.unique, wait);
  if (!allowed) {
    if (state.state != nullptr) ++state.state->counters().refused;
    return std::nullopt;
  }
  state_ = &state;
  number_ = state_->interrupts.Begin();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a number, as the request may end at any time
  fuse_req_interrupt_func(request_, OnInterrupt, reinterpret_cast<void*>(number_));
  return allowed;
}

bool IsTouch(fuse_req* request, uint64_t inode) noexcept {
  return StateOf(request).touching.IsBy(fuse_req_ctx(request)->pid, inode);
}

void ReplyWithPeek(fuse_req* request, uint64_t inode) noexcept {
  const auto kept = std::make_shared<Request>(request);
  Guarded(kept, [&] {
    const auto reply = OpsOf(request).Peek(inode);
    ReplyAttributes(kept->Take(), reply);
  });
}

const fuse_lowlevel_ops& BridgeTable() noexcept {
  static const fuse_lowlevel_ops table = MakeTable();
  return table;
}

}  // namespace secretfs::fs
