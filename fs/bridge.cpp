#include "fs/bridge.h"

#include <poll.h>

#include <cerrno>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "fs/fuse_api.h"
#include "fs/ops.h"
#include "fs/proc_caller.h"

namespace secretfs::fs {
namespace {

// Names and attributes last until a snapshot is published, which invalidates them.
constexpr double kLasting = 3600.0;
// Names that nobody can make the kernel forget. A file that became a folder is one so long.
constexpr double kShort = 1.0;

constexpr unsigned kLargestRead =
    128 * 1024;  // two chunks of an age file, and what cat and cp ask for

BridgeState& StateOf(fuse_req_t request) noexcept {
  return *static_cast<BridgeState*>(fuse_req_userdata(request));
}

const Ops& OpsOf(fuse_req_t request) noexcept { return StateOf(request).ops; }

/// The caller got a signal. libfuse holds the request's lock, so that it is not freed meanwhile;
/// the reply takes other locks.
void OnInterrupt(fuse_req_t request, void* data) noexcept {
  BridgeState& state = StateOf(request);
  const auto number = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(data));
  state.ops.Cancel(state.interrupts.Interrupt(number));
}

/// One request; answers EIO if it is dropped, so that no caller is left waiting.
class Request {
 public:
  explicit Request(fuse_req_t request) noexcept : request_(request) {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() {
    if (fuse_req_t raw = Take(); raw != nullptr) fuse_reply_err(raw, EIO);
  }
  /// Gives the libfuse request up to the one function that replies.
  fuse_req_t Take() noexcept {
    if (number_ != 0) state_->interrupts.End(number_);
    return std::exchange(request_, nullptr);
  }

  /// Lets interrupts find it, before others may answer it and libfuse free it.
  void BeforeWait() {
    state_ = &StateOf(request_);
    number_ = state_->interrupts.Begin();
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a number, as the request may end at any time
    fuse_req_interrupt_func(request_, OnInterrupt, reinterpret_cast<void*>(number_));
  }
  /// What the interrupts are to cancel.
  void Waits(Loader::Ticket ticket) {
    if (number_ != 0 && state_->interrupts.Waits(number_, ticket)) state_->ops.Cancel(ticket);
  }

 private:
  fuse_req_t request_;
  BridgeState* state_ = nullptr;  // these two are written before others know the request
  uint64_t number_ = 0;
};
using RequestPtr = std::shared_ptr<Request>;

ProcCaller CallerOf(fuse_req_t request) noexcept {
  const fuse_ctx* context = fuse_req_ctx(request);
  return {context->uid, context->gid, context->pid, StateOf(request).groups};
}

/// Runs a callback's body; a C caller must not see an exception (which here can only be
/// std::bad_alloc).
template <class Body>
void Guarded(const RequestPtr& request, const Body& body) noexcept {
  try {
    body();
  } catch (...) {
    if (fuse_req_t raw = request->Take(); raw != nullptr) fuse_reply_err(raw, ENOMEM);
  }
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

void ReplyOpen(fuse_req_t request, fuse_file_info info, const Reply<OpenFile>& reply) noexcept {
  if (reply.error() != 0) {
    fuse_reply_err(request, reply.error());
    return;
  }
  HandleTable<OpenFile>& files = StateOf(request).files;
  info.fh = files.Add(reply.value());
  info.direct_io = 1;  // no copy in the page cache; OnRead has the rest
  // After a failed reply (the caller was interrupted) no RELEASE comes.
  if (fuse_reply_open(request, &info) != 0) files.Remove(info.fh);
}

/// Goes to the kernel straight from locked memory, in one writev.
void ReplyPart(fuse_req_t request, const Reply<ByteView>& reply) noexcept {
  if (reply.error() != 0) {
    fuse_reply_err(request, reply.error());
    return;
  }
  const ByteView part = reply.value();
  fuse_reply_buf(request, reinterpret_cast<const char*>(part.data()), part.size());
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

void OnLookup(fuse_req_t raw, fuse_ino_t parent, const char* name) noexcept {
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    request->Waits(OpsOf(raw).Lookup(
        CallerOf(raw), parent, name,
        [request](const Reply<Attributes>& reply) { ReplyEntry(request->Take(), reply); },
        [&] { request->BeforeWait(); }));
  });
}

void OnGetattr(fuse_req_t raw, fuse_ino_t inode, fuse_file_info* /*info*/) noexcept {
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    request->Waits(OpsOf(raw).GetAttributes(
        CallerOf(raw), inode,
        [request](const Reply<Attributes>& reply) { ReplyAttributes(request->Take(), reply); },
        [&] { request->BeforeWait(); }));
  });
}

void OnAccess(fuse_req_t raw, fuse_ino_t inode, int mask) noexcept {
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    const int error = OpsOf(raw).Access(CallerOf(raw), inode, mask);
    fuse_reply_err(request->Take(), error);
  });
}

void OnOpen(fuse_req_t raw, fuse_ino_t inode, fuse_file_info* info) noexcept {
  if (IsTouch(raw, inode)) {
    StateOf(raw).touching.opened = true;
    info->fh = 0;  // of no file, so nothing can be read by it
    info->direct_io = 1;
    fuse_reply_open(raw, info);
    return;
  }
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    request->Waits(OpsOf(raw).Open(
        CallerOf(raw), inode, info->flags,
        [request, info = *info](const Reply<OpenFile>& reply) {
          ReplyOpen(request->Take(), info, reply);
        },
        [&] { request->BeforeWait(); }));
  });
}

void OnRead(fuse_req_t raw, fuse_ino_t /*inode*/, size_t size, off_t offset,
            fuse_file_info* info) noexcept {
  const auto file = StateOf(raw).files.Find(info->fh);
  if (file == nullptr) {
    fuse_reply_err(raw, ESTALE);
    return;
  }
  if (info->lock_owner == 0) {
    // The kernel fills its page cache: for sendfile, splice and private maps it passes direct_io
    // by. Plaintext does not belong there; EINVAL makes programs that can read() instead do so.
    fuse_reply_err(raw, EINVAL);
    return;
  }
  if (file->value->content) {
    const auto request = std::make_shared<Request>(raw);
    Guarded(request, [&] {
      request->Waits(OpsOf(raw).ReadContent(
          *file, static_cast<uint64_t>(offset), size,
          [request](const Reply<ByteView>& reply) { ReplyPart(request->Take(), reply); },
          [&] { request->BeforeWait(); }));
    });
    return;
  }
  const ByteView part = Ops::Read(*file, static_cast<uint64_t>(offset), size);
  ReplyPart(raw, part);
}

/// Always readable and, as in sysfs, POLLPRI and POLLERR when it has changed since it was opened.
void OnPoll(fuse_req_t raw, fuse_ino_t inode, fuse_file_info* info,
            fuse_pollhandle* handle) noexcept {
  PollPtr poll(handle);
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    BridgeState& state = StateOf(raw);
    const auto file = state.files.Find(info->fh);
    if (file == nullptr) {
      fuse_reply_err(request->Take(), ESTALE);
      return;
    }
    // Kept before looking, or a change in between would wake nobody.
    if (poll) state.polls.Keep(inode, info->fh, std::move(poll));
    constexpr unsigned kReady = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    const bool outdated = state.ops.IsOutdated(inode, *file);
    fuse_reply_poll(request->Take(), outdated ? kReady | POLLPRI | POLLERR : kReady);
  });
}

void OnRelease(fuse_req_t raw, fuse_ino_t /*inode*/, fuse_file_info* info) noexcept {
  StateOf(raw).polls.Drop(info->fh);
  StateOf(raw).files.Remove(info->fh);
  fuse_reply_err(raw, 0);
}

void OnOpendir(fuse_req_t raw, fuse_ino_t inode, fuse_file_info* info) noexcept {
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    const Reply<OpenDirectory> reply = OpsOf(raw).OpenDir(CallerOf(raw), inode);
    if (reply.error() != 0) {
      fuse_reply_err(request->Take(), reply.error());
      return;
    }
    HandleTable<OpenDirectory>& directories = StateOf(raw).directories;
    const uint64_t handle = info->fh = directories.Add(reply.value());
    const bool same_for_all = reply.value().same_for_all;  // else what one sees is kept for nobody
    info->cache_readdir = same_for_all;
    info->keep_cache = same_for_all;
    if (fuse_reply_open(request->Take(), info) != 0) directories.Remove(handle);
  });
}

void OnReaddir(fuse_req_t raw, fuse_ino_t /*inode*/, size_t size, off_t offset,
               fuse_file_info* info) noexcept {
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    const auto directory = StateOf(raw).directories.Find(info->fh);
    if (directory == nullptr) {
      fuse_reply_err(request->Take(), ESTALE);
      return;
    }
    std::vector<char> listing(size);
    size_t used = 0;
    for (auto index = static_cast<size_t>(offset);; ++index) {
      const DirectoryEntry entry = Ops::EntryAt(*directory, index);
      if (entry.name.empty()) break;
      struct stat stat {};
      stat.st_ino = entry.inode;
      stat.st_mode = entry.is_directory ? S_IFDIR : S_IFREG;
      const size_t need =
          fuse_add_direntry(raw, listing.data() + used, size - used,
                            std::string(entry.name).c_str(), &stat, static_cast<off_t>(index + 1));
      if (need > size - used) break;
      used += need;
    }
    fuse_reply_buf(request->Take(), listing.data(), used);
  });
}

void OnReleasedir(fuse_req_t raw, fuse_ino_t /*inode*/, fuse_file_info* info) noexcept {
  StateOf(raw).directories.Remove(info->fh);
  fuse_reply_err(raw, 0);
}

/// What is not here is answered ENOSYS by libfuse, and the kernel stops asking: flush, statfs,
/// reading of xattrs.
fuse_lowlevel_ops MakeTable() noexcept {
  fuse_lowlevel_ops table{};
  table.init = OnInit;
  table.lookup = OnLookup;
  table.getattr = OnGetattr;
  table.access = OnAccess;
  table.open = OnOpen;
  table.read = OnRead;
  table.poll = OnPoll;
  table.release = OnRelease;
  table.opendir = OnOpendir;
  table.readdir = OnReaddir;
  table.releasedir = OnReleasedir;
  AddWrites(table);
  return table;
}

}  // namespace

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
