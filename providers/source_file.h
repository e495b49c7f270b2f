// The file that a source's values come from, or an identity.
#pragma once

#include <string>

#include "base/file.h"

namespace secretfs {

/// OpenRegular, but what is not there may still come: the file, or a disk with its folder.
inline Result<UniqueFd> OpenSource(const std::string& path) {
  auto fd = OpenRegular(path);
  if (!fd) fd.error().may_come = fd.error().code == Code::kNotFound;
  return fd;
}

}  // namespace secretfs
