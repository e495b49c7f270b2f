#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"

namespace secretfs {

Result<OutputFile> OutputFile::Open(const std::string& path) {
  OutputFile output;
  if (path.empty() || path == "-") return output;
  output.path_ = path;
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 &&
      !S_ISREG(st.st_mode)) {  // /dev/null, a pipe: nothing to replace
    output.file_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  } else {
    output.temporary_ = path + ".XXXXXX";
    output.file_.reset(::mkostemp(output.temporary_.data(), O_CLOEXEC));
    if (!output.file_) output.temporary_.clear();
  }
  if (!output.file_) return SystemError(errno, "cannot write", path);
  return output;
}

OutputFile::~OutputFile() {
  if (file_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

Status OutputFile::Write(ByteView bytes) {
  return file_ ? WriteAll(file_.get(), bytes, path_)
               : WriteAll(STDOUT_FILENO, bytes, "standard output");
}

Status OutputFile::Commit() {
  if (!temporary_.empty() && ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return SystemError(errno, "cannot write", path_);
  }
  temporary_.clear();
  return Ok{};
}

}  // namespace secretfs
