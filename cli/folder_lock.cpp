#include "cli/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "base/file.h"

namespace secretfs {
namespace {

/// The folder of the file that `path` leads to, which is where ReplaceFile() puts the new one.
std::string FolderOf(const std::string& path) {
  std::error_code absent;
  const std::filesystem::path real = std::filesystem::canonical(path, absent);
  const std::filesystem::path folder = (absent ? std::filesystem::path(path) : real).parent_path();
  return folder.empty() ? "." : folder.string();
}

}  // namespace

Result<UniqueFd> LockFolderOf(const std::string& path, std::chrono::milliseconds patience) {
  const std::string folder = FolderOf(path);
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return SystemError(errno, "cannot open the folder", folder);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return SystemError(errno, "cannot lock the folder", folder);
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{Code::kTimeout, "another process keeps the folder locked", folder,
                   "lslocks(8) tells which"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fd;
}

}  // namespace secretfs
