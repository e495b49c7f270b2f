// CredentialServer: answers LoadCredential=ID:SOCKET of systemd, which connects as root from the
// unit's cgroup, under the same policy as .credstore (core/policy.h, CheckCredential). That
// protocol has no way to say no: an empty answer is an empty credential. So who is refused is sent
// more than systemd takes, and the unit does not start. (systemd.exec(5), LoadCredential=)
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "core/audit.h"
#include "core/entry.h"
#include "core/policy.h"
#include "core/snapshot.h"
#include "daemon/credential_sockets.h"

namespace secretfs {

/// The most that systemd takes, of one credential and of all of a unit.
constexpr size_t kMaxCredentialBytes = size_t{1} << 20U;

/// One thread, whatever the number of sockets and of who waits.
class CredentialServer {
 public:
  struct Services {
    const SnapshotCell& snapshots;
    Loader& loader;
    const Accounts& accounts;
    AuditSink& audit;
    const Clock& clock;
    Log& log;
    /// The process that connected (fs/proc_caller.h). Called on the server's thread.
    std::function<std::unique_ptr<Caller>(uid_t uid, gid_t gid, pid_t pid)> caller;
  };
  /// Makes the sockets, with mode 0600, in place of dead ones. Errors: of the system; kInvalid when
  /// another process answers there.
  static Result<std::unique_ptr<CredentialServer>> Start(std::vector<CredentialSocket> sockets,
                                                         const Services& services);
  /// Removes them. Who still waits for a value is refused.
  virtual ~CredentialServer() = default;
};

}  // namespace secretfs
