#include "views/host.h"

#include <algorithm>

#include "views/escape.h"

namespace secretfs {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameByte(char c) { return IsUnreserved(c) && c != '~'; }
bool IsAddressByte(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}
bool IsPathByte(char c) { return IsUnreserved(c) || c == '/'; }

template <class Predicate>
bool AllOf(std::string_view text, Predicate predicate) {
  return !text.empty() && std::all_of(text.begin(), text.end(), predicate);
}

bool IsName(std::string_view name) {
  if (!name.starts_with('[')) return AllOf(name, IsNameByte);
  return name.size() > 2 && name.ends_with(']') &&
         AllOf(name.substr(1, name.size() - 2), IsAddressByte);
}

bool IsPort(std::string_view port) {
  constexpr size_t kMostDigits = 5;
  if (!AllOf(port, IsDigit) || port.size() > kMostDigits) return false;
  unsigned number = 0;
  for (const char c : port) number = 10 * number + static_cast<unsigned>(c - '0');
  return number >= 1 && number <= 65535;
}

}  // namespace

std::string HostParts::Authority() const {
  return std::string(name) + (port.empty() ? "" : ":" + std::string(port));
}

std::string HostParts::Text() const {
  return Authority() + (path.empty() ? "" : "/" + std::string(path));
}

std::optional<HostParts> ParseHost(std::string_view text) {
  HostParts parts;
  const size_t slash = text.find('/');
  const std::string_view authority = text.substr(0, slash);
  if (slash != text.npos) {
    std::string_view path = text.substr(slash + 1);
    if (path.starts_with('/') || path.find("//") != path.npos) return std::nullopt;
    if (path.ends_with('/')) path.remove_suffix(1);
    if (!path.empty() && !AllOf(path, IsPathByte)) return std::nullopt;
    parts.path = path;
  }
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  parts.name = authority.substr(0, colon);
  if (!IsName(parts.name)) return std::nullopt;
  if (colon != authority.npos) {
    parts.port = authority.substr(colon + 1);
    if (!IsPort(parts.port)) return std::nullopt;
  }
  return parts;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace secretfs
