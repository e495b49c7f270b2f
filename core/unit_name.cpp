#include "core/unit_name.h"

#include <algorithm>
#include <csignal>
#include <cstring>

namespace secretfs {
namespace {

constexpr size_t kLongestName = 255;
constexpr std::string_view kSuffixes[] = {"service",   "socket", "device", "mount",
                                          "automount", "swap",   "target", "path",
                                          "timer",     "slice",  "scope"};

bool IsAllowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
         c == '-' || c == '_' || c == '.' || c == '\\' || c == '@';
}

}  // namespace

std::string_view UnitSuffix(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : name.substr(dot + 1);
}

bool IsUnitName(std::string_view name) {
  if (name.size() > kLongestName || !std::ranges::all_of(name, IsAllowed)) return false;
  const std::string_view suffix = UnitSuffix(name);
  if (std::ranges::find(kSuffixes, suffix) == std::end(kSuffixes)) return false;
  const std::string_view stem = name.substr(0, name.size() - suffix.size() - 1);
  const size_t at = stem.find('@');
  return !stem.empty() && at != 0 && at != stem.size() - 1;
}

std::optional<int> SignalNumber(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (int number = 1; number < SIGRTMIN; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  return std::nullopt;
}

}  // namespace secretfs
