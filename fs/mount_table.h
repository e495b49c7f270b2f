// What is mounted where, as mountinfo has it: without asking the mount itself, which does not
// answer while nobody serves it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace secretfs::fs {

struct MountLine {
  bool ours = false;    // a secretfs
  std::string device;   // "MAJOR:MINOR", of no other file system while this one lives
  std::string options;  // of the file system
};

/// The topmost mount at `path`, alive or dead. Errors, here and below, say nothing of what is
/// mounted: kResource and kIo, when the table cannot be read.
Result<std::optional<MountLine>> FindMount(const std::string& path);

/// Whether the file system with this number is still mounted at `path`, perhaps below another one.
Result<bool> IsMountedAt(const std::string& path, const std::string& device);

/// Whether the file system with this number is mounted anywhere with an option of its own.
Result<bool> HasOption(const std::string& device, const std::string& option);

}  // namespace secretfs::fs
