// Where goes what somebody asked for, plaintext for one: standard output, or a file that appears
// whole or not at all.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/replacement_file.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

/// Of new files that hold no plaintext: what the umask leaves of 0666, so that a daemon without
/// rights can read them.
mode_t PublicMode() noexcept;

class OutputFile {
 public:
  static constexpr mode_t kPrivate = 0600;
  /// Empty or "-": standard output. Devices and pipes are written as they are. Any other file is
  /// replaced in Commit() (base/replacement_file.h); a new one gets `mode`.
  static Result<OutputFile> Open(const std::string& path, mode_t mode = kPrivate);

  Status Write(ByteView bytes);
  Status Commit();

 private:
  OutputFile() = default;
  std::optional<ReplacementFile> replacement_;
  UniqueFd special_;  // a device or a pipe; standard output when neither is there
  std::string path_;
};

/// Writing over the file that is read would leave no copy of it, were the key or the output to be
/// wrong. Other things than files may be both. Errors: kInvalid when `path` is what `input` reads.
Status CheckNotInput(const std::string& path, int input);

}  // namespace secretfs
