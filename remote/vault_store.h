// KV, version 2, of HashiCorp Vault and OpenBao as a store. A reference is PATH#FIELD
// (remote/vault_ref.h), a document is a path: one GET gives all of its fields. That GET is also how
// a change is found: to ask for the metadata first would cost as many requests, and need a second
// right. Other values than texts are given as JSON.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "remote/http.h"
#include "remote/store.h"
#include "remote/vault_session.h"

namespace secretfs::remote {

struct VaultOptions {
  std::string address;    // http(s)://HOST[:PORT]
  std::string ca_file{};  // absolute, or "": the system's
  std::string mount{};    // where the KV store is; "": "secret"
  VaultLogin login{};
  std::shared_ptr<const Clock> clock;
};

/// Asks nobody. Errors: kInvalid when the address, the mount or the login cannot be right.
Result<RemoteStorePtr> MakeVaultStore(VaultOptions options);
/// With an Http of one's own, for tests.
Result<RemoteStorePtr> MakeVaultStore(VaultOptions options, std::unique_ptr<Http> http);

}  // namespace secretfs::remote
