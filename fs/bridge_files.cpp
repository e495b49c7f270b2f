#include <poll.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <utility>

#include "fs/bridge_request.h"

namespace secretfs::fs {
namespace {

void ReplyOpen(Request& request, const Opening& opening, fuse_file_info info,
               const Reply<OpenFile>& reply) {
  BridgeState& state = request.state();
  if (reply.error() != 0) {
    fuse_reply_err(request.Take(), reply.error());
    return;
  }
  state.device.WhileOpen(
      [&] { info.fh = state.records.Add(opening, reply.value().value->fingerprint); });
  state.files.Put(info.fh, reply.value());
  info.direct_io = 1;  // no copy in the page cache; OnRead has the rest
  ReplyHandle(request.Take(), state, state.files, opening, info);
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
        [request, opening = OpeningBy(raw, inode), info = *info](const Reply<OpenFile>& reply) {
          ReplyOpen(*request, opening, info, reply);
        },
        [request](std::chrono::milliseconds wait) { return request->BeforeWait(wait); }));
  });
}

using FilePtr = std::shared_ptr<const OpenFile>;

void NoteNotReopened(BridgeState& state, const ReopenFailure& failure) {
  if (state.state != nullptr) ++state.state->not_reopened(failure.reason);
  state.ops.TellNotReopened(failure);
}

/// For a file that was opened in a server before: gives what `handle` stands for, as long as that
/// is the version which was opened; perhaps later, from another thread. Errors: as Ops::Reopen.
void Restore(const RequestPtr& request, uint64_t inode, uint64_t handle,
             std::function<void(const Reply<FilePtr>&)> then) {
  BridgeState& state = request->state();
  const auto opened = state.records.Find(handle);
  const bool known = opened && opened->inode == inode;
  request->Waits(state.ops.Reopen(
      inode, known ? std::optional(opened->fingerprint) : std::nullopt,
      [&state, handle, then = std::move(then)](const Reply<OpenFile>& reply,
                                               const ReopenFailure* failure) {
        // Else it is the next server's business.
        state.device.WhileOpen([&] {
          if (failure != nullptr) NoteNotReopened(state, *failure);
          if (state.state == nullptr) return;
          Counters& counters = state.state->counters();
          if (reply.error() == ESTALE) ++counters.stale;
          if (reply.error() == 0) ++counters.restored;
        });
        if (reply.error() != 0) return then(Reply<FilePtr>::Fail(reply.error()));
        then(state.files.Put(handle, reply.value()));
      },
      [request](std::chrono::milliseconds wait) { return request->BeforeWait(wait); }));
}

void ReadFrom(const RequestPtr& request, const OpenFile& file, uint64_t offset, size_t size) {
  if (!file.value->content) {
    const ByteView part = Ops::Read(file, offset, size);
    ReplyPart(request->Take(), part);
    return;
  }
  request->Waits(request->state().ops.ReadContent(
      file, offset, size,
      [request](const Reply<ByteView>& reply) { ReplyPart(request->Take(), reply); },
      [request](std::chrono::milliseconds wait) { return request->BeforeWait(wait); }));
}

void OnRead(fuse_req_t raw, fuse_ino_t inode, size_t size, off_t offset,
            fuse_file_info* info) noexcept {
  if (info->lock_owner == 0) {
    // The kernel fills its page cache: for sendfile, splice and private maps it passes direct_io
    // by. Plaintext does not belong there; EINVAL makes programs that can read() instead do so.
    fuse_reply_err(raw, EINVAL);
    return;
  }
  const FilePtr file = StateOf(raw).files.Find(info->fh);
  if (file != nullptr && !file->value->content) {
    const ByteView part = Ops::Read(*file, static_cast<uint64_t>(offset), size);
    ReplyPart(raw, part);
    return;
  }
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    const auto read = [request, offset, size](const Reply<FilePtr>& restored) {
      if (restored.error() != 0) {
        fuse_reply_err(request->Take(), restored.error());
      } else {
        ReadFrom(request, *restored.value(), static_cast<uint64_t>(offset), size);
      }
    };
    file != nullptr ? read(file) : Restore(request, inode, info->fh, read);
  });
}

/// Always readable and, as in sysfs, POLLPRI and POLLERR when it has changed since it was opened.
void OnPoll(fuse_req_t raw, fuse_ino_t inode, fuse_file_info* info,
            fuse_pollhandle* handle) noexcept {
  PollPtr poll(handle);
  const auto request = std::make_shared<Request>(raw);
  Guarded(request, [&] {
    const std::shared_ptr<fuse_pollhandle> kept = std::move(poll);
    const auto look = [request, inode, fh = info->fh, kept](const Reply<FilePtr>& file) {
      BridgeState& state = request->state();
      // Kept before looking, or a change in between would wake nobody.
      if (kept && file.error() == 0) state.polls.Keep(inode, fh, kept);
      constexpr unsigned kReady = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
      const bool outdated = file.error() != 0 || state.ops.IsOutdated(inode, *file.value());
      fuse_reply_poll(request->Take(), outdated ? kReady | POLLPRI | POLLERR : kReady);
    };
    BridgeState& state = StateOf(raw);
    const FilePtr file = state.files.Find(info->fh);
    file != nullptr ? look(file) : Restore(request, inode, info->fh, look);
  });
}

void OnRelease(fuse_req_t raw, fuse_ino_t /*inode*/, fuse_file_info* info) noexcept {
  BridgeState& state = StateOf(raw);
  state.polls.Drop(info->fh);
  state.files.Remove(info->fh);
  state.records.Remove(info->fh);
  fuse_reply_err(raw, 0);
}

}  // namespace

void AddFiles(fuse_lowlevel_ops& table) noexcept {
  table.open = OnOpen;
  table.read = OnRead;
  table.poll = OnPoll;
  table.release = OnRelease;
}

}  // namespace secretfs::fs
