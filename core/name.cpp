#include "core/name.h"

#include <algorithm>
#include <climits>

namespace secretfs {
namespace {

std::optional<std::string> PathProblem(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() >= PATH_MAX) return "is longer than a path may be";
  if (name.find('\0') != std::string_view::npos) return "has a NUL byte";
  while (!name.empty()) {
    const std::string_view component = name.substr(0, name.find('/'));
    if (component.empty()) return "has an empty component";
    if (component == "." || component == "..") return "has a component " + std::string(component);
    if (component.size() > NAME_MAX) return "has a component of more than 255 bytes";
    name.remove_prefix(component.size());
    if (name == "/") return "ends in /";
    if (!name.empty()) name.remove_prefix(1);
  }
  return std::nullopt;
}

}  // namespace

bool IsEntryName(std::string_view name) { return !PathProblem(name); }

std::optional<std::string> NameProblem(std::string_view name) {
  if (auto problem = PathProblem(name)) return problem;
  if (name.front() == '.') return "begins with a dot, which is reserved at the top level";
  if (name.substr(0, name.find('/')) == "machines")
    return "begins with 'machines', which is reserved";
  return std::nullopt;
}

std::string FlatName(std::string_view path) {
  std::string flat(path);
  std::ranges::replace(flat, '/', '.');
  return flat;
}

std::string CredentialName(std::string_view name) {
  const auto taken = [](char c) { return c >= ' ' && c < '\x7f' && c != ':'; };
  if (NameProblem(name) || name.size() > NAME_MAX || !std::ranges::all_of(name, taken)) return "";
  return FlatName(name);
}

}  // namespace secretfs
