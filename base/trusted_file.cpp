#include "base/trusted_file.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"

namespace secretfs {

Status CheckOnlyOursMayWrite(const struct stat& st, const std::string& path) {
  if (st.st_uid != 0 && st.st_uid != ::geteuid()) {
    return Error{Code::kPermission, path + " belongs to another user", "",
                 "it must belong to root, or to the user who runs secretfs"};
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Code::kPermission, "others may write to " + path, "", "chmod go-w " + path};
  }
  return Ok{};
}

Status CheckFoldersAbove(const std::string& path) {
  std::filesystem::path at = path;
  while (at.has_relative_path()) {
    at = at.parent_path();
    struct stat st {};
    if (::stat(at.c_str(), &st) != 0) return SystemError(errno, "cannot look into", at);
    if ((st.st_mode & S_ISVTX) != 0) st.st_mode &= ~static_cast<mode_t>(S_IWGRP | S_IWOTH);
    TRY(CheckOnlyOursMayWrite(st, at));
  }
  return Ok{};
}

Status CheckProgram(const std::string& path) {
  if (!path.starts_with('/')) return Error{Code::kInvalid, "is not an absolute path", path, ""};
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return SystemError(errno, "cannot look at", path);
  if (!S_ISREG(st.st_mode)) return Error{Code::kInvalid, "is no program", path, ""};
  TRY(CheckOnlyOursMayWrite(st, path));
  std::error_code failed;
  const auto real = std::filesystem::canonical(path, failed);
  if (failed) return SystemError(failed.value(), "cannot look at", path);
  TRY(CheckFoldersAbove(path));
  return CheckFoldersAbove(real);
}

}  // namespace secretfs
