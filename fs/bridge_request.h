// One request of libfuse on its way through the callbacks, which is answered once, whatever
// happens. For fs/bridge*.cpp.
#pragma once

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "fs/bridge.h"
#include "fs/fuse_api.h"
#include "fs/interrupts.h"
#include "fs/ops.h"
#include "fs/proc_caller.h"

namespace secretfs::fs {

/// Two chunks of an age file, and what cat and cp ask for.
constexpr unsigned kLargestRead = 128 * 1024;

inline BridgeState& StateOf(fuse_req_t request) noexcept {
  return *static_cast<BridgeState*>(fuse_req_userdata(request));
}

inline const Ops& OpsOf(fuse_req_t request) noexcept { return StateOf(request).ops; }

inline ProcCaller CallerOf(fuse_req_t request) noexcept {
  const fuse_ctx* context = fuse_req_ctx(request);
  return {context->uid, context->gid, context->pid, StateOf(request).groups};
}

/// Answers EIO if it is dropped, so that no caller is left waiting.
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
  [[nodiscard]] BridgeState& state() const noexcept { return StateOf(request_); }

  /// Lets interrupts find it, before others may answer it and libfuse free it. As Ops::BeforeWait.
  std::optional<std::chrono::milliseconds> BeforeWait(std::chrono::milliseconds wait);
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

/// What is opened by the request that libfuse has now.
inline Opening OpeningBy(fuse_req_t request, uint64_t inode) noexcept {
  const auto& current = StateOf(request).current;
  return {current.unique, inode, current.again, fuse_req_ctx(request)->uid};
}

/// What was put into a table by `info.fh`, which is on record, is answered with it.
template <class Table>
void ReplyHandle(fuse_req_t raw, BridgeState& state, Table& table, const Opening& opening,
                 const fuse_file_info& info) noexcept {
  const bool taken = fuse_reply_open(raw, &info) == 0;
  // After a failed reply (the caller was interrupted, or had one from the server before) no RELEASE
  // comes. If the device is closed, it is the next server's business what becomes of the record.
  state.device.WhileOpen(
      [&] { taken ? state.records.Delivered(opening, info.fh) : state.records.Remove(info.fh); });
  if (!taken) table.Remove(info.fh);
}

}  // namespace secretfs::fs
