// What differs between two moments of the tree: what the kernel must forget of it, and what those
// who watch files must be told. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace secretfs {

struct Changes {
  struct File {
    uint64_t inode = 0;
    std::string path;      // below the mount point
    bool content = false;  // else owner or mode alone
  };
  std::vector<File> files;
  std::vector<uint64_t> gone;  // inodes of what is not there any more, or is something else now
  std::vector<uint64_t> directories;  // inodes of folders whose listing changed
  [[nodiscard]] bool empty() const noexcept {
    return files.empty() && gone.empty() && directories.empty();
  }
};

}  // namespace secretfs
