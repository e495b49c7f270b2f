// Session: one FUSE connection and the loop that receives its requests, one at a time, by poll.
#pragma once

#include <atomic>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/changes.h"
#include "fs/bridge.h"
#include "fs/mount.h"

struct fuse_session;

namespace secretfs::fs {

class Ops;

class Session {
 public:
  /// `mount` stays the caller's, and its device open, as does `ops`.
  static Result<std::unique_ptr<Session>> Create(const Mount& mount, const Ops& ops,
                                                 ProcGroups& groups);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// Answers requests until Stop(), or until the mount is gone (then too it is Ok). Call once.
  /// Replies that Ops gives later must have come before the session is destroyed.
  Status Serve();
  /// Makes the kernel forget what is no longer so, wakes who polls, and lets inotify tell who
  /// watches the files: the last only for root's mounts, as a user's is read-only to us too, if
  /// MayOpenByHandle(). To be called once what changed is published. Takes no lock of a folder.
  /// Blocks until Serve() has answered our own requests: from one thread at a time, not that of
  /// Serve(), that holds no lock which Ops needs. After Stop() it ends early; Stop() must not come
  /// while it still runs, or it may wait until the device is closed.
  void Announce(const Changes& changes);
  /// Makes Serve() return once the requests that wait are answered. From any thread.
  void Stop() noexcept;

 private:
  struct Free {
    void operator()(fuse_session* session) const noexcept;
  };
  Session(const Mount& mount, const Ops& ops, ProcGroups& groups, UniqueFd stop);
  Result<bool> WaitForRequest() const;
  void Touch(const Changes& changes);

  const Mount& mount_;
  UniqueFd stop_;
  std::atomic<bool> stopping_{false};
  BridgeState bridge_;
  std::unique_ptr<fuse_session, Free> session_;
};

}  // namespace secretfs::fs
