#include "core/unit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>

namespace secretfs {
namespace {

constexpr std::string_view kNone;
constexpr size_t kLongestName = 255;
constexpr std::string_view kSlice = ".slice";

bool IsNameCharacter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

/// As systemd's unit_name_is_valid(): no template, and an instance only after something.
bool IsUnitName(std::string_view name, std::string_view suffix) noexcept {
  if (name.size() > kLongestName || name.size() <= suffix.size() || !name.ends_with(suffix)) {
    return false;
  }
  const std::string_view stem = name.substr(0, name.size() - suffix.size());
  const size_t at = stem.find('@');
  return at != 0 && at != stem.size() - 1 && std::ranges::all_of(stem, IsNameCharacter);
}

/// systemd puts `_` before names that the kernel has a use for, as in `_cpu.service`.
std::string_view Unescape(std::string_view component) noexcept {
  if (component.starts_with('_')) component.remove_prefix(1);
  return component;
}

std::string_view TakeComponent(std::string_view& path) noexcept {
  const std::string_view component = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), component.size() + 1));
  return component;
}

/// The name of the unit at the beginning of `path`, which then is what lies below it; empty when
/// there is none. Who may make cgroups in some other place could give them any name, so nothing
/// but slices may stand before it.
std::string_view TakeUnit(std::string_view& path) noexcept {
  while (!path.empty()) {
    const std::string_view name = Unescape(TakeComponent(path));
    if (IsUnitName(name, kSlice)) continue;
    const bool is_unit = std::ranges::any_of(
        UnitSuffixes(), [&](std::string_view suffix) { return IsUnitName(name, suffix); });
    return is_unit ? name : kNone;
  }
  return kNone;
}

/// Of "user@UID.service".
std::optional<uid_t> ManagerOf(std::string_view unit) noexcept {
  constexpr std::string_view kBegin = "user@";
  constexpr std::string_view kEnd = ".service";
  if (!unit.starts_with(kBegin) || !unit.ends_with(kEnd)) return std::nullopt;
  unit.remove_prefix(kBegin.size());
  unit.remove_suffix(kEnd.size());
  uid_t user = 0;
  const auto [end, error] = std::from_chars(unit.data(), unit.data() + unit.size(), user);
  const bool whole = error == std::errc() && end == unit.data() + unit.size();
  return whole && user != UINT32_MAX ? std::optional(user) : std::nullopt;
}

/// What follows the slash of a path that is absolute and as the kernel writes it, or nothing.
std::optional<std::string_view> BelowRoot(std::string_view path) noexcept {
  if (path.empty() || path.size() >= PATH_MAX || path.front() != '/') return std::nullopt;
  path.remove_prefix(1);
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view component = TakeComponent(rest);
    if (component.empty() || component == "." || component == "..") return std::nullopt;
  }
  return path.ends_with('/') ? std::nullopt : std::optional(path);
}

/// What follows `controllers` in the line "NUMBER:CONTROLLERS:PATH" that names them, or nothing.
std::string_view PathFor(std::string_view text, std::string_view controllers) noexcept {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t number = line.find_first_not_of("0123456789");
    if (number == 0 || number == std::string_view::npos) continue;
    line.remove_prefix(number);
    if (line.starts_with(controllers)) return line.substr(controllers.size());
  }
  return kNone;
}

constexpr std::string_view kUnified = "::";

/// Where systemd does not use the unified hierarchy, all processes are in the root of it.
bool IsBelowRoot(std::string_view path) noexcept { return !path.empty() && path != "/"; }

}  // namespace

bool IsDecidedByUnified(std::string_view cgroup) noexcept {
  return cgroup.find('\0') == std::string_view::npos && IsBelowRoot(PathFor(cgroup, kUnified));
}

std::span<const std::string_view> UnitSuffixes() noexcept {
  static constexpr std::array<std::string_view, 5> kSuffixes{".service", ".scope", ".socket",
                                                             ".mount", ".swap"};
  return kSuffixes;
}

Units UnitsOf(std::string_view cgroup) {
  if (cgroup.find('\0') != std::string_view::npos) return {};
  std::string_view path = PathFor(cgroup, kUnified);
  if (!IsBelowRoot(path)) path = PathFor(cgroup, ":name=systemd:");
  const auto below_root = BelowRoot(path);
  if (!below_root) return {};
  std::string_view rest = *below_root;
  Units units;
  units.unit = TakeUnit(rest);
  units.user = ManagerOf(units.unit);
  if (units.user) units.user_unit = TakeUnit(rest);
  return units;
}

}  // namespace secretfs
