#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace secretfs {
namespace {

Status CheckOwner(const struct stat& st, const std::string& path) {
  if (st.st_uid == 0 || st.st_uid == ::geteuid()) return Ok{};
  return Error{Code::kPermission, "belongs to another user, who could read what is written", path,
               "remove it, or write elsewhere"};
}

/// A file keeps its owner when it is replaced, and a link says where to write: in a folder that all
/// may write, both may be another user's trap.
Status CheckNoTrap(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) == 0) TRY(CheckOwner(st, path));
  if (::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode)) TRY(CheckOwner(st, path));
  return Ok{};
}

Result<UniqueFd> OpenSpecial(const std::string& path, mode_t mode) {
  // With O_CREAT the kernel refuses another user's pipe in a folder that all may write, too.
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, mode));
  if (!file) return SystemError(errno, "cannot write", path);
  struct stat st {};
  if (::fstat(file.get(), &st) == 0 && !S_ISCHR(st.st_mode)) TRY(CheckOwner(st, path));
  return file;
}

}  // namespace

mode_t PublicMode() noexcept {
  const mode_t mask = ::umask(0);  // it can only be asked by setting it
  ::umask(mask);
  return 0666 & ~mask;
}

Result<OutputFile> OutputFile::Open(const std::string& path, mode_t mode) {
  OutputFile output;
  if (path.empty() || path == "-") return output;
  output.path_ = path;
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode)) {
    output.special_ = TRY(OpenSpecial(path, mode));
  } else {
    TRY(CheckNoTrap(path));
    output.replacement_.emplace(TRY(ReplacementFile::Open(path, mode)));
  }
  return output;
}

Status OutputFile::Write(ByteView bytes) {
  if (replacement_) return replacement_->Write(bytes);
  return special_ ? WriteAll(special_.get(), bytes, path_)
                  : WriteAll(STDOUT_FILENO, bytes, "standard output");
}

Status OutputFile::Commit() { return replacement_ ? replacement_->Commit() : Ok{}; }

Status CheckNotInput(const std::string& path, int input) {
  struct stat from {};
  struct stat into {};
  const bool to_file = !path.empty() && path != "-" && ::stat(path.c_str(), &into) == 0;
  if (!to_file || !S_ISREG(into.st_mode) || ::fstat(input, &from) != 0) return Ok{};
  if (from.st_dev != into.st_dev || from.st_ino != into.st_ino) return Ok{};
  return Error{Code::kInvalid, "the output is the file that is read", path, "give another -o"};
}

}  // namespace secretfs
