// AuditReader: the lines of an audit file and of those that were put aside before it (FILE.1 is the
// newest of them), in their order, going on over further rotations.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

class AuditReader {
 public:
  /// Begins with the oldest file there is. Errors: those of opening it.
  static Result<AuditReader> Open(const std::string& file);

  /// The next line, without its newline, or nothing when there is none now. Errors: kIo.
  Result<std::optional<std::string>> Next();

  /// Lines that were cut short or are too long for a record.
  [[nodiscard]] size_t damaged() const noexcept { return damaged_; }

 private:
  explicit AuditReader(std::string file) : file_(std::move(file)) {}
  [[nodiscard]] std::string Name(unsigned number) const;
  [[nodiscard]] unsigned Oldest() const;
  [[nodiscard]] std::optional<unsigned> Number() const;
  std::optional<std::string> TakeLine();
  Result<bool> ReadSome();
  Result<bool> GoOn();
  Status OpenNumber(unsigned number);
  void DropRest();

  std::string file_;  // 0: itself; N: FILE.N
  UniqueFd fd_;
  struct stat stat_ {};  // which file it is
  std::string buffer_;
  size_t begin_ = 0;       // of what was not given yet
  bool skipping_ = false;  // the rest of a line that is too long
  size_t damaged_ = 0;
};

}  // namespace secretfs
