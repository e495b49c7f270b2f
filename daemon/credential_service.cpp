#include "daemon/credential_service.h"

#include <cstdlib>
#include <utility>

namespace secretfs {

Status CredentialService::Serve(const CredentialsConfig& config) {
  const char* runtime = std::getenv("RUNTIME_DIRECTORY");
  return Listen(CredentialSockets(config, runtime == nullptr ? "" : runtime));
}

Status CredentialService::Listen(std::vector<CredentialSocket> sockets) {
  if (sockets == sockets_) return Ok{};
  server_.reset();
  auto started = Start(sockets);
  if (!started) {
    if (auto again = Start(sockets_)) server_ = *std::move(again);
    return std::move(started).error();
  }
  server_ = *std::move(started);
  sockets_ = std::move(sockets);
  return Ok{};
}

/// None for no sockets.
Result<std::unique_ptr<CredentialServer>> CredentialService::Start(
    const std::vector<CredentialSocket>& sockets) {
  if (sockets.empty()) return std::unique_ptr<CredentialServer>();
  return CredentialServer::Start(sockets, services_);
}

}  // namespace secretfs
