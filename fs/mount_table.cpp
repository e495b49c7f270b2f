#include "fs/mount_table.h"

#include <sstream>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace secretfs::fs {
namespace {

constexpr std::string_view kType = "fuse.secretfs";  // with its subtype

/// mountinfo writes blank, tab, newline and backslash of a path as \ooo. (proc(5))
std::string MountinfoPath(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == ' ')
      out += "\\040";
    else if (c == '\t')
      out += "\\011";
    else if (c == '\n')
      out += "\\012";
    else if (c == '\\')
      out += "\\134";
    else
      out += c;
  }
  return out;
}

/// From the bottom to the top.
std::vector<MountLine> MountsAt(const std::string& path) {
  std::vector<MountLine> found;
  const auto table = ReadFile("/proc/self/mountinfo", size_t{64} << 20U);
  if (!table) return found;
  const std::string wanted = MountinfoPath(path);
  std::istringstream lines{std::string(AsText(*table))};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    MountLine mount;
    std::string skip;
    std::string point;
    std::string type;
    fields >> skip >> skip >> mount.device >> skip >> point;
    if (point != wanted) continue;
    while (fields >> skip && skip != "-") {
    }
    fields >> type >> skip >> mount.options;
    mount.ours = type == kType;
    found.push_back(std::move(mount));
  }
  return found;
}

}  // namespace

std::optional<MountLine> FindMount(const std::string& path) {
  std::vector<MountLine> mounts = MountsAt(path);
  if (mounts.empty()) return std::nullopt;
  return std::move(mounts.back());
}

bool IsMountedAt(const std::string& path, const std::string& device) {
  for (const MountLine& mount : MountsAt(path)) {
    if (mount.ours && mount.device == device) return true;
  }
  return false;
}

}  // namespace secretfs::fs
