#include "core/path_trace.h"

#include <fnmatch.h>

#include <deque>
#include <set>

namespace secretfs {
namespace {

constexpr int kMostSymlinks = 40;
constexpr size_t kMostSteps = 10'000;  // patterns over links in circles would go on for long

using Components = std::deque<std::string>;

void PushFront(Components& rest, std::string_view path) {
  auto at = rest.begin();
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (!name.empty() && name != ".") at = std::next(rest.insert(at, std::string(name)));
  }
}

bool HasPattern(std::string_view name) { return name.find_first_of("*?[{") != name.npos; }

bool Fits(const std::string& pattern, const std::string& name) {
  if (pattern.find('{') != std::string::npos) return true;
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

/// The component of `path` that is in the folder `at`, if it is anywhere below it.
std::optional<std::string> NextName(const std::string& path, const std::string& at) {
  const std::string prefix = at + "/";
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size());
}

std::string JoinAll(const Components& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "/") + name;
  return text;
}

}  // namespace

struct PathTrace::Walk {
  std::string at;  // without symlinks; "" is the root
  Components rest;
  How how;
  size_t* steps;
  int symlinks = 0;
};

std::optional<std::string> PathTrace::LinkAt(const std::string& path) const {
  if (const auto link = links_.find(path); link != links_.end()) return link->second;
  return read_link_ ? read_link_(path) : std::nullopt;
}

std::optional<std::string> PathTrace::Step(Walk walk) const {
  while (!walk.rest.empty() && walk.at != folder_) {
    if (++*walk.steps > kMostSteps) return std::nullopt;
    const std::string name = walk.rest.front();
    if (name.find(kUnknown) != std::string::npos) return std::nullopt;
    walk.rest.pop_front();
    if (walk.how.is_pattern && HasPattern(name)) {
      std::set<std::string> names;
      if (auto next = NextName(folder_, walk.at)) names.insert(*std::move(next));
      for (const auto& [link, target] : links_) {
        if (auto next = NextName(link, walk.at)) names.insert(*std::move(next));
      }
      for (const std::string& candidate : names) {
        if (!Fits(name, candidate)) continue;
        Walk branch = walk;
        branch.rest.push_front(candidate);
        if (auto found = Step(std::move(branch))) return found;
      }
      return std::nullopt;
    }
    if (name == "..") {
      walk.at.erase(std::min(walk.at.rfind('/'), walk.at.size()));
      continue;
    }
    const std::string next = walk.at + "/" + name;
    const bool looks = !walk.rest.empty() || walk.how.follow_last;
    const auto target = looks && next != folder_ ? LinkAt(next) : std::nullopt;
    if (!target) {
      walk.at = next;
      continue;
    }
    if (++walk.symlinks > kMostSymlinks) return std::nullopt;
    PushFront(walk.rest, *target);
    if (target->starts_with('/')) walk.at.clear();
  }
  if (walk.at != folder_) return std::nullopt;
  return JoinAll(walk.rest);
}

std::optional<std::string> PathTrace::Into(std::string_view path, How how) const {
  if (!path.starts_with('/')) return std::nullopt;
  size_t steps = 0;
  Walk walk{"", {}, how, &steps};
  PushFront(walk.rest, path);
  return Step(std::move(walk));
}

}  // namespace secretfs
