#include "cli/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace secretfs {

Result<InputFile> InputFile::Open(const std::string& path) {
  if (path == "-") return InputFile({}, "standard input");
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return SystemError(errno, "cannot open", path);
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return SystemError(errno, "cannot stat", path);
  if (S_ISDIR(st.st_mode)) return Error{Code::kInvalid, "is a directory, not a file", path, ""};
  return InputFile(std::move(fd), path);
}

int InputFile::fd() const noexcept { return fd_ ? fd_.get() : STDIN_FILENO; }

}  // namespace secretfs
