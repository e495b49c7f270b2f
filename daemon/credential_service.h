// The credential sockets of a configuration, from one configuration to the next.
#pragma once

#include <memory>
#include <vector>

#include "core/config.h"
#include "daemon/credential_server.h"

namespace secretfs {

class CredentialService {
 public:
  explicit CredentialService(CredentialServer::Services services)
      : services_(std::move(services)) {}
  /// Serves these instead of what was served. What cannot be leaves that. Errors: of
  /// CredentialServer::Start.
  Status Serve(const CredentialsConfig& config);
  /// What is served, to come back to.
  [[nodiscard]] const std::vector<CredentialSocket>& sockets() const noexcept { return sockets_; }
  Status Listen(std::vector<CredentialSocket> sockets);
  void Stop() { server_.reset(); }

 private:
  Result<std::unique_ptr<CredentialServer>> Start(const std::vector<CredentialSocket>& sockets);

  const CredentialServer::Services services_;
  std::vector<CredentialSocket> sockets_;
  std::unique_ptr<CredentialServer> server_;
};

}  // namespace secretfs
