// Who asks for a credential through a socket: the abstract address that systemd binds before it
// connects, "\0" RANDOM "/unit/" UNIT "/" ID. Anybody can bind such a name; who he is has to be
// told otherwise. (systemd.exec(5), LoadCredential=)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace secretfs {

struct PeerName {
  std::string unit;  // "nginx.service"
  std::string id;    // of the credential
  bool operator==(const PeerName&) const = default;
};

/// From the bytes of sockaddr_un::sun_path. Nothing for what is not well formed: a random part that
/// is not in hexadecimal digits, or a unit or an id that is empty or has bytes which systemd does
/// not allow in them.
std::optional<PeerName> ParsePeerName(std::string_view address);

}  // namespace secretfs
