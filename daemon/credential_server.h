// CredentialServer: answers LoadCredential=ID:SOCKET of systemd, which connects as root from the
// unit's cgroup, under the same policy as .credstore (core/policy.h, CheckCredential). It has no
// way to say no in that protocol but to send more than systemd takes, so that a unit that is
// refused does not start with an empty credential. (systemd.exec(5), LoadCredential=)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "core/audit.h"
#include "core/entry.h"
#include "core/policy.h"
#include "core/snapshot.h"

namespace secretfs {

struct CredentialSocket {
  std::string path;   // absolute
  std::string scope;  // ids are names below this folder; empty: of all
};

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
  };
  /// Makes the sockets, with mode 0600, in place of dead ones. Errors: of the system; kInvalid when
  /// another process answers there.
  static Result<std::unique_ptr<CredentialServer>> Start(std::vector<CredentialSocket> sockets,
                                                         const Services& services);
  /// Removes them.
  virtual ~CredentialServer() = default;
};

}  // namespace secretfs
