// Where plaintext goes that somebody asked for: standard output, or a file that appears whole or
// not at all.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

class OutputFile {
 public:
  /// Empty or "-": standard output. A file gets mode 0600 and takes its name only in Commit().
  static Result<OutputFile> Open(const std::string& path);
  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  Status Write(ByteView bytes);
  Status Commit();

 private:
  OutputFile() = default;
  UniqueFd file_;  // empty: standard output
  std::string path_;
  std::string temporary_;
};

}  // namespace secretfs
