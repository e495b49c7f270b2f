// 1Password Connect as a RemoteStore: a document is an item, whose declared fields cost one request
// together, and each declared file one more. What did not change costs one request for its vault.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "remote/http.h"
#include "remote/store.h"

namespace secretfs::remote {

struct ConnectOptions {
  std::string url;  // http(s)://HOST[:PORT][/PATH]
  std::string token_file;
  std::string ca_file{};  // trusted instead of the system's CAs
  /// How often documents are fetched: what was asked less than half of it ago counts as new.
  std::chrono::milliseconds refresh = std::chrono::minutes(1);
};

/// Asks nobody. Errors: kInvalid for the URL; kResource.
Result<RemoteStorePtr> MakeConnectStore(const ConnectOptions& options,
                                        std::shared_ptr<const Clock> clock);

/// Through another Http than that of the URL.
RemoteStorePtr MakeConnectStore(const ConnectOptions& options, std::shared_ptr<const Clock> clock,
                                std::unique_ptr<Http> http);

}  // namespace secretfs::remote
