#include "daemon/peer_name.h"

#include <sys/un.h>

#include <algorithm>

namespace secretfs {
namespace {

bool IsHexDigit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool IsUnitCharacter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

/// As systemd's credential_name_valid(): a file name that has no ':' and no control characters.
bool IsCredentialCharacter(char c) noexcept {
  return static_cast<unsigned char>(c) >= ' ' && c != '\x7f' && c != ':' && c != '/';
}

}  // namespace

std::optional<PeerName> ParsePeerName(std::string_view address) {
  constexpr std::string_view kUnit = "/unit/";
  if (address.size() > sizeof(sockaddr_un::sun_path) || !address.starts_with('\0')) return {};
  address.remove_prefix(1);
  const size_t random = address.find('/');
  if (random == 0 || random == std::string_view::npos) return {};
  if (!std::ranges::all_of(address.substr(0, random), IsHexDigit)) return {};
  address.remove_prefix(random);
  if (!address.starts_with(kUnit)) return {};
  address.remove_prefix(kUnit.size());
  const size_t slash = address.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view unit = address.substr(0, slash);
  const std::string_view id = address.substr(slash + 1);
  if (unit.empty() || !std::ranges::all_of(unit, IsUnitCharacter)) return {};
  if (id.empty() || id == "." || id == ".." || !std::ranges::all_of(id, IsCredentialCharacter)) {
    return {};
  }
  return PeerName{std::string(unit), std::string(id)};
}

}  // namespace secretfs
