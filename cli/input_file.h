// What a person names for a tool to read: a file, a pipe such as the shell makes of <(...), or -
// for standard input.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

class InputFile {
 public:
  /// Opening a pipe waits for its writer. Errors: of the system; kInvalid for a directory.
  static Result<InputFile> Open(const std::string& path);

  [[nodiscard]] int fd() const noexcept;
  /// For messages.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  InputFile(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  UniqueFd fd_;  // empty: standard input
  std::string name_;
};

}  // namespace secretfs
