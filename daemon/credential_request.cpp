#include "daemon/credential_request.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

#include "core/name.h"
#include "daemon/peer_name.h"

namespace secretfs::credential_request {
namespace {

constexpr int kPeerPidfd = 77;  // SO_PEERPIDFD, Linux 6.5; Debian 12's headers do not have it

std::optional<PeerName> NameOf(int connection) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (::getpeername(connection, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      address.sun_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) {
    return {};
  }
  return ParsePeerName({address.sun_path, size - offsetof(sockaddr_un, sun_path)});
}

std::optional<ucred> ProcessOf(int connection) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
  return peer;
}

/// Whether the process that connected has ended, so that its id may be another's by now. False
/// where the kernel cannot tell: systemd's own stays until it is answered.
bool HasEnded(int connection) {
  int fd = -1;
  socklen_t size = sizeof(fd);
  if (::getsockopt(connection, SOL_SOCKET, kPeerPidfd, &fd, &size) != 0) {
    return errno == ESRCH || errno == EINVAL;
  }
  const UniqueFd process(fd);
  pollfd end{process.get(), POLLIN, 0};
  return ::poll(&end, 1, 0) != 0;
}

/// Why the peer cannot be the one whose name it has, or "".
std::string Disbelieve(const ucred& peer, const std::optional<PeerName>& name, const Units& units) {
  if (peer.uid != 0 && peer.uid != ::geteuid()) return "only systemd may ask here";
  if (!name) return "who connected does not say for which unit, as systemd does";
  if (units.unit.empty()) return "the unit of who connected cannot be told";
  if (units.unit != name->unit) return "who connected says that it is " + name->unit;
  return "";
}

}  // namespace

const File* FindById(const Snapshot& snapshot, std::string_view scope, std::string_view id) {
  for (const File& file : snapshot.files()) {
    std::string_view name = file.entry->name();
    if (name.starts_with('.')) continue;  // ours
    if (!scope.empty()) {
      const bool below =
          name.size() > scope.size() && name.starts_with(scope) && name[scope.size()] == '/';
      if (!below) continue;
      name.remove_prefix(scope.size() + 1);
    }
    if (name.size() == id.size() && FlatName(name) == id) return &file;
  }
  return nullptr;
}

Request Examine(int connection, const std::string& scope,
                const CredentialServer::Services& services) {
  Request request{nullptr, {}, {}};
  AuditEvent& event = request.event;
  event.operation = AuditEvent::Operation::kCredential;
  event.rule = "none";
  const auto peer = ProcessOf(connection);
  if (!peer) {
    event.failure = "who connected cannot be told";
    return request;
  }
  const std::unique_ptr<Caller> caller = services.caller(peer->uid, peer->gid, peer->pid);
  event.uid = peer->uid;
  event.gid = peer->gid;
  event.pid = peer->pid;
  event.process = caller->Process();
  event.units = caller->InUnits();
  event.executable = caller->Executable();
  const auto name = NameOf(connection);
  if (name) event.name = name->id;
  event.failure = Disbelieve(*peer, name, event.units);
  if (!event.failure.empty()) return request;
  const SnapshotPtr snapshot = services.snapshots.Load();
  const File* file = FindById(*snapshot, scope, name->id);
  if (file == nullptr) {
    event.failure = "there is no such secret or view";
    if (!scope.empty()) event.failure += " below " + scope;
    return request;
  }
  event.name = file->entry->name();
  const Decision decision = CheckCredential(file->access, *caller, services.accounts);
  event.rule = std::string(decision.rule);
  // All that was learned of the process was learned by its id, so this is asked last.
  if (HasEnded(connection)) {
    event.failure = "who connected has ended";
    return request;
  }
  event.allowed = decision.allow;
  if (decision.allow) request.entry = file->entry;
  request.wait = file->access.wait;
  return request;
}

}  // namespace secretfs::credential_request
