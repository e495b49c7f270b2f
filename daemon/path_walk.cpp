#include "daemon/path_walk.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <optional>
#include <vector>

namespace secretfs {
namespace {

constexpr int kMostLinks = 40;

WallTime TimeOf(const timespec& time) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(
      std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

std::string ParentOf(const std::string& folder) {
  const size_t slash = folder.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : folder.substr(0, slash);
}

/// The names of a path, the next one last.
using Names = std::vector<std::string>;

void Push(Names& names, std::string_view path) {
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (!name.empty() && name != ".") names.emplace_back(name);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  }
}

std::optional<std::string> TargetOf(const std::string& link) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  if (size <= 0) return std::nullopt;
  return std::string(target.data(), static_cast<size_t>(size));
}

PathState Failed(int error) {
  PathState state;
  state.error = error;
  return state;
}

}  // namespace

PathState StateAt(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) return Failed(errno);
  return {
      0, st.st_mode, {st.st_dev, st.st_ino, st.st_size, TimeOf(st.st_mtim), TimeOf(st.st_ctim)}};
}

std::string InFolder(const std::string& folder, std::string_view name) {
  std::string path = folder;
  if (!path.ends_with('/')) path += '/';
  return path += name;
}

Walked WalkPath(const std::string& folder, std::string_view rest, PathSteps& steps) {
  Walked walked{folder, {}};
  walked.state.mode = S_IFDIR;
  Names names;
  Push(names, rest);
  int links = 0;
  while (!names.empty()) {
    const std::string name = std::move(names.back());
    names.pop_back();
    if (name == "..") {
      walked.place = ParentOf(walked.place);
      continue;
    }
    steps.Enter(walked.place);
    std::string next = InFolder(walked.place, name);
    PathState state = StateAt(next);
    const bool link = state.error == 0 && S_ISLNK(state.mode);
    if (names.empty() && !link) {
      steps.End(walked.place, name);
      return {std::move(next), state};
    }
    steps.Turn(walked.place, name);
    if (link) {
      const auto target = TargetOf(next);
      if (!target) return {std::move(next), Failed(ENOENT)};
      if (++links > kMostLinks) return {std::move(next), Failed(ELOOP)};
      if (target->starts_with('/')) walked.place = "/";
      Push(names, *target);
      continue;
    }
    if (state.error == 0 && !S_ISDIR(state.mode)) state = Failed(ENOTDIR);
    walked = {std::move(next), state};
    if (state.error != 0) return walked;
  }
  return walked;
}

}  // namespace secretfs
