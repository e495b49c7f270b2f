// Session: one FUSE connection and the loop that receives its requests, one at a time, by poll.
#pragma once

#include <atomic>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/changes.h"
#include "fs/bridge.h"

struct fuse_session;

namespace secretfs::fs {

class Ops;

class Session {
 public:
  /// `device` is the connection's non-blocking descriptor; it stays the caller's, and open, as does
  /// `ops`.
  static Result<std::unique_ptr<Session>> Create(int device, const Ops& ops, ProcGroups& groups);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// Answers requests until Stop(), or until the mount is gone (then too it is Ok). Call once.
  /// Replies that Ops gives later must have come before the session is destroyed.
  Status Serve();
  /// Makes the kernel forget what is no longer so, wakes who polls, and lets inotify tell who
  /// watches the files. Blocks until the kernel has it: from one thread that serves no requests,
  /// and holds no lock that Ops needs.
  void Announce(const Changes& changes);
  /// Makes Serve() return once the requests that wait are answered. From any thread.
  void Stop() noexcept;

 private:
  struct Free {
    void operator()(fuse_session* session) const noexcept;
  };
  Session(int device, const Ops& ops, ProcGroups& groups, UniqueFd stop);
  Result<bool> WaitForRequest() const;

  int device_;
  UniqueFd stop_;
  std::atomic<bool> stopping_{false};
  BridgeState bridge_;
  std::unique_ptr<fuse_session, Free> session_;
};

}  // namespace secretfs::fs
