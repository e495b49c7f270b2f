// One request for a credential through a socket: what is asked for, by whom, and whether he may
// have it. Used by credential_server.cpp only.
#pragma once

#include <string>

#include "core/audit.h"
#include "core/policy.h"
#include "core/snapshot.h"
#include "daemon/credential_server.h"

namespace secretfs::credential_request {

struct Request {
  EntryPtr entry;                  // null: refused, and `event` says why
  std::chrono::milliseconds wait;  // how long its value may take
  AuditEvent event;                // to be completed by what becomes of it
};

/// Reads from the connected socket who is at the other end, and decides about what he asks for
/// below `scope`.
Request Examine(int connection, const std::string& scope,
                const CredentialServer::Services& services);

/// The file below `scope` whose name, from there on, is `id` when '/' is written as '.'; or null.
const File* FindById(const Snapshot& snapshot, std::string_view scope, std::string_view id);

}  // namespace secretfs::credential_request
