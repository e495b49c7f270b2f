#include "daemon/outside_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <deque>

#include "base/file.h"
#include "base/text.h"

namespace secretfs {
namespace {

constexpr int kMostSymlinks = 40;

void PushComponents(std::deque<std::string>& front_of, std::string_view path) {
  auto at = front_of.begin();
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (!name.empty() && name != ".") at = std::next(front_of.insert(at, std::string(name)));
  }
}

}  // namespace

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<std::string> ReadLinkAt(int folder, const char* name, const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t n = ::readlinkat(folder, name, target.data(), target.size());
  if (n < 0) return SystemError(errno, "cannot read the link", path);
  return std::string(target.data(), static_cast<size_t>(n));
}

Result<UniqueFd> OpenFolderOf(const std::string& path, bool make, const std::string& what,
                              const CheckFolder& check, mode_t mode) {
  std::deque<std::string> rest;
  PushComponents(rest, std::string_view(path).substr(0, path.rfind('/')));
  UniqueFd folder(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int symlinks = 0; folder && !rest.empty();) {
    const std::string name = std::move(rest.front());
    rest.pop_front();
    // Looked for first: making takes the folder's lock even where there is nothing to make, and
    // whoever may list the folder can hold that for long.
    constexpr int kLook = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd next(::openat(folder.get(), name.c_str(), kLook));
    if (!next && errno == ENOENT && make) {
      if (check) TRY(check(folder.get()));
      if (::mkdirat(folder.get(), name.c_str(), mode) != 0 && errno != EEXIST)
        return SystemError(errno, "cannot make the folder " + Quote(name) + " for the " + what,
                           path);
      next.reset(::openat(folder.get(), name.c_str(), kLook));
    }
    struct stat st {};
    if (!next || ::fstat(next.get(), &st) != 0)
      return SystemError(errno, "cannot open the folder " + Quote(name) + " of the " + what, path);
    if (!S_ISLNK(st.st_mode)) {
      folder = std::move(next);
      continue;
    }
    if ((st.st_uid != 0 && st.st_uid != ::geteuid()) || ++symlinks > kMostSymlinks) {
      return Error{Code::kPermission, "goes through " + Quote(name) + ", a symlink of another user",
                   path, "declare the " + what + " by the path that it leads to"};
    }
    const std::string target = TRY(ReadLinkAt(next.get(), "", path));
    PushComponents(rest, target);
    if (target.starts_with('/')) folder.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  if (!folder) return SystemError(errno, "cannot open the folder of the " + what, path);
  return folder;
}

}  // namespace secretfs
