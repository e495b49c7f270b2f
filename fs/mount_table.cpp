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

struct TableLine {
  std::string point;
  MountLine mount;
};

/// All of them, from the bottom to the top.
Result<std::vector<TableLine>> ReadTable() {
  std::vector<TableLine> all;
  const Bytes table = TRY(ReadFile("/proc/self/mountinfo", size_t{64} << 20U));
  std::istringstream lines{std::string(AsText(table))};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    TableLine found;
    std::string skip;
    std::string type;
    fields >> skip >> skip >> found.mount.device >> skip >> found.point;
    while (fields >> skip && skip != "-") {
    }
    fields >> type >> skip >> found.mount.options;
    found.mount.ours = type == kType;
    all.push_back(std::move(found));
  }
  return all;
}

/// From the bottom to the top.
Result<std::vector<MountLine>> MountsAt(const std::string& path) {
  std::vector<MountLine> found;
  const std::string wanted = MountinfoPath(path);
  std::vector<TableLine> table = TRY(ReadTable());
  for (TableLine& line : table) {
    if (line.point == wanted) found.push_back(std::move(line.mount));
  }
  return found;
}

}  // namespace

Result<std::optional<MountLine>> FindMount(const std::string& path) {
  std::vector<MountLine> mounts = TRY(MountsAt(path));
  if (mounts.empty()) return std::optional<MountLine>();
  return std::optional(std::move(mounts.back()));
}

Result<bool> IsMountedAt(const std::string& path, const std::string& device) {
  const std::vector<MountLine> mounts = TRY(MountsAt(path));
  for (const MountLine& mount : mounts) {
    if (mount.ours && mount.device == device) return true;
  }
  return false;
}

Result<bool> HasOption(const std::string& device, const std::string& option) {
  const std::vector<TableLine> table = TRY(ReadTable());
  for (const TableLine& line : table) {
    if (line.mount.device != device) continue;
    if (("," + line.mount.options + ",").find("," + option + ",") != std::string::npos) return true;
  }
  return false;
}

}  // namespace secretfs::fs
