// The file that a source's values come from, or an identity.
#pragma once

#include <string>

#include "base/file.h"

namespace secretfs {

/// OpenRegular, but what is not there may still come: the file, or a disk with its folder.
inline Result<UniqueFd> OpenSource(const std::string& path) {
  auto fd = OpenRegular(path);
  if (!fd) fd.error().may_come |= fd.error().code == Code::kNotFound;
  if (!fd && fd.error().code == Code::kPermission) {
    fd.error().hint =
        "secretfs runs as a user who may not read it; as a unit it gets files of root by "
        "LoadCredential=, or reads them with CAP_DAC_READ_SEARCH (secretfs(1), PRIVILEGES)";
  }
  return fd;
}

}  // namespace secretfs
