#include "daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"

namespace secretfs {
namespace {

std::string SocketPath() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  return path == nullptr || (*path != '/' && *path != '@') ? "" : path;
}

}  // namespace

Notifier::Notifier() : path_(SocketPath()) {}

void Notifier::Tell(std::string lines) {
  owed_.push_back(std::move(lines));
  Flush();
}

void Notifier::Mention(std::string_view lines) {
  Flush();
  if (owed_.empty()) (void)Send(lines);
}

void Notifier::Flush() {
  while (!owed_.empty() && Send(owed_.front())) owed_.pop_front();
}

bool Notifier::Send(std::string_view text) const noexcept {
  sockaddr_un address{};
  if (path_.empty() || path_.size() >= sizeof(address.sun_path)) return true;
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (path_[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  return ::sendto(socket.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), size) >= 0;
}

}  // namespace secretfs
