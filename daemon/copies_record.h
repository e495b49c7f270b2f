// Which copies are ours: of which secret each is, and which file. It is kept in the runtime
// directory, since no copy outlives a boot; nor does a file of a disk come to look like one.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace secretfs {

/// What tells a file that we made from one that came to be in its place.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileMark&) const = default;
};

struct OwnCopy {
  std::string name;             // of the secret or view
  std::vector<FileMark> files;  // two while one replaces the other
  bool operator==(const OwnCopy&) const = default;
};

using OwnCopies = std::map<std::string, OwnCopy>;  // by path

/// None when the file is missing. Errors: of the system.
Result<OwnCopies> ReadCopiesRecord(const std::string& file);
Status WriteCopiesRecord(const std::string& file, const OwnCopies& copies);

}  // namespace secretfs
