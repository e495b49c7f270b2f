#include "core/glob.h"

namespace secretfs {
namespace {

constexpr std::string_view kAnyFolders = "**";
constexpr std::string_view kSpecial = "*?\\[]{}";

/// Of a UTF-8 sequence, anything but its first byte.
bool IsContinuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

/// Takes the part before the next slash off `rest`, which has no value after the last one.
std::string_view TakePart(std::optional<std::string_view>& rest) noexcept {
  const size_t slash = rest->find('/');
  const std::string_view part = rest->substr(0, slash);
  if (slash == std::string_view::npos) {
    rest.reset();
  } else {
    rest->remove_prefix(slash + 1);
  }
  return part;
}

/// One part of a path. After a mismatch the latest `*` takes one character more: earlier ones
/// need not be tried again.
bool PartMatches(std::string_view glob, std::string_view name) noexcept {
  constexpr size_t kNone = std::string_view::npos;
  size_t g = 0;
  size_t n = 0;
  size_t after_star = kNone;
  size_t star_takes_to = 0;
  while (n < name.size() || g < glob.size()) {
    if (g < glob.size() && glob[g] == '*') {
      after_star = ++g;
      star_takes_to = n;
      continue;
    }
    if (g < glob.size() && n < name.size()) {
      const bool escaped = glob[g] == '\\' && g + 1 < glob.size();
      const bool any = glob[g] == '?';
      if (any || glob[escaped ? g + 1 : g] == name[n]) {
        g += escaped ? 2 : 1;
        ++n;
        while (any && n < name.size() && IsContinuation(name[n])) ++n;
        continue;
      }
    }
    if (after_star == kNone || star_takes_to == name.size()) return false;
    g = after_star;
    n = ++star_takes_to;
  }
  return true;
}

std::optional<std::string> PartProblem(std::string_view part) {
  if (part.empty()) return "has an empty part";
  if (part == "." || part == "..") return "has '.' or '..' as a part";
  if (part == kAnyFolders) return std::nullopt;
  for (size_t i = 0; i < part.size(); ++i) {
    const char c = part[i];
    if (c == '\\' && ++i == part.size()) return "ends a part with a backslash";
    if (c == '[' || c == ']' || c == '{' || c == '}')
      return "has a bracket or brace, which mean nothing here";
    if (c == '*' && part.substr(i).starts_with(kAnyFolders))
      return "has '**' beside other characters";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> GlobProblem(std::string_view glob) {
  if (glob.find('\0') != std::string_view::npos) return "has a NUL byte";
  if (glob.starts_with('/')) return "begins with a slash";
  std::optional<std::string_view> rest = glob;
  while (rest) {
    if (auto problem = PartProblem(TakePart(rest))) return problem;
  }
  return std::nullopt;
}

/// As PartMatches(), with parts for characters and `**` for `*`.
bool GlobMatches(std::string_view glob, std::string_view path) noexcept {
  std::optional<std::string_view> globs = glob;
  std::optional<std::string_view> names = path;
  std::optional<std::optional<std::string_view>> after_any;
  std::optional<std::string_view> any_takes_to;
  while (globs || names) {
    if (globs) {
      const std::string_view part = TakePart(globs);
      if (part == kAnyFolders) {
        if (!globs) return names.has_value();  // at the end it is all that is below
        after_any = globs;
        any_takes_to = names;
        continue;
      }
      if (names && PartMatches(part, TakePart(names))) continue;
    }
    if (!after_any || !any_takes_to) return false;
    TakePart(any_takes_to);
    globs = *after_any;
    names = any_takes_to;
  }
  return true;
}

std::string GlobFor(std::string_view path) {
  std::string glob;
  for (const char c : path) {
    if (kSpecial.find(c) != std::string_view::npos) glob += '\\';
    glob += c;
  }
  return glob;
}

}  // namespace secretfs
