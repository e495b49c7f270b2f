// Session: one FUSE connection and the loop that receives its requests, one at a time, by poll.
// With a State (fs/state.h) the connection outlives it: another process goes on with a Session of
// its own.
//
// A process that is killed while one of its own threads waits for an answer through the mount does
// not end before somebody answers it: whoever starts the next one must not wait for that.
#pragma once

#include <atomic>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/changes.h"
#include "core/snapshot.h"
#include "fs/bridge.h"
#include "fs/device.h"
#include "fs/mount.h"
#include "fs/state.h"

struct fuse_session;

namespace secretfs::fs {

class Ops;

/// How a server gets the requests that the one before it did not answer; both are on, but for
/// tests.
struct Recovery {
  bool resend = true;  // the kernel sends them again, from Linux 6.9 on
  bool slots = true;   // they are in the state
};

class Session {
 public:
  /// `mount` stays the caller's, and its device open, as do `ops` and `state`. Without a state, or
  /// with a new one, the mount must be new too. With one that has begun(), the connection is taken
  /// over: nobody else may serve it from Serve() on; until then another one may. Errors:
  /// kUnsupported when it cannot be taken over, being set up otherwise than we would.
  static Result<std::unique_ptr<Session>> Create(const Mount& mount, const Ops& ops,
                                                 ProcGroups& groups, State* state = nullptr,
                                                 Recovery recovery = {});
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
  /// What Announce() has to be told after a connection was taken over: values may have changed in
  /// between, so that the kernel forgets what it knows of `all`, and all who poll look again. Does
  /// nothing otherwise. As Announce(); waits for Serve() to begin.
  void AnnounceAll(const Snapshot& all);
  /// Lets inotify tell who watches, where files cannot be opened by handle: by their paths, below
  /// `Mount::root`. Until StopTouches() or Stop(). For a thread of its own, which gets stuck while
  /// a user keeps the lock of a folder; nothing else waits for it, and it goes on when it can.
  void ServeTouches();
  void StopTouches() noexcept { touches_.Stop(); }
  /// Makes Serve() return once the requests that wait are answered. From any thread.
  void Stop() noexcept;
  /// Makes Serve() return after the request that it is at, for another process to go on: who waits
  /// is not answered, and from the end of Serve() on nothing is written to the connection or to the
  /// state. From any thread.
  void Leave() noexcept;

 private:
  struct Free {
    void operator()(fuse_session* session) const noexcept;
  };
  Session(const Mount& mount, const Ops& ops, ProcGroups& groups, State* state, Recovery recovery,
          UniqueFd stop);
  Status Rehearse();
  Status TakeOver();
  void Process(ByteSpan request, bool again);
  bool ProcessInit(ByteView request);
  Result<bool> WaitForRequest();
  void Beat();
  void EndTrial(uint64_t unique);
  Status Receive();
  bool Notify(int code, ByteView body);
  void Touch(const Changes& changes);

  const Mount& mount_;
  State* const state_;
  const Recovery recovery_;
  bool rehearsed_ = false;  // as somebody served before us
  int64_t began_ = 0;       // when we took over; 0 once we have lived long enough
  int trials_ = 0;
  std::atomic<bool> taken_over_{false};
  UniqueFd stop_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> leaving_{false};
  Device device_;
  BridgeState bridge_;
  std::unique_ptr<fuse_session, Free> session_;
  TouchQueue touches_;
};

}  // namespace secretfs::fs
