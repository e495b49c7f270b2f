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
  if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode)) {  // a device, a pipe: not replaced
    // With O_CREAT the kernel refuses another user's pipe in a folder that all may write, too.
    output.file_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600));
    if (output.file_ && ::fstat(output.file_.get(), &st) == 0 && !S_ISCHR(st.st_mode) &&
        st.st_uid != 0 && st.st_uid != ::geteuid()) {
      return Error{Code::kPermission, "belongs to another user", path, ""};
    }
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
