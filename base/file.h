// Reading and writing whole files with limits. Secret content goes from the descriptor straight
// into SecretBytes. Errors carry the path in `where`; the text is the system's, never content.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "base/unique_fd.h"

namespace secretfs {

/// What tells one state of a file from another without reading it.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  WallTime modified;
  WallTime changed;  // the kernel's own, that nobody sets (ctime): moves with owner, mode and name too
  bool operator==(const FileStamp&) const = default;
};

/// Of a failed system call on `path`: kNotFound, kPermission, kIo; kResource, which `may_come`.
Error SystemError(int error_number, std::string_view doing, const std::string& path);

/// Opens a regular file for reading, never blocking on a FIFO. Errors: also kInvalid when it is not
/// a regular file.
Result<UniqueFd> OpenRegular(const std::string& path);
Result<FileStamp> StampOf(int fd, const std::string& path);
Result<FileStamp> StampOf(const std::string& path);

/// The rest of what `fd` gives, at most `limit` bytes. Errors: kTooLarge beyond it.
Result<Bytes> ReadAll(int fd, size_t limit, const std::string& name);
Result<SecretBytes> ReadAllSecret(int fd, size_t limit, const std::string& name);

/// Fills `into` from `offset` of a regular file, unless that ends first; returns how much was read.
Result<size_t> ReadAt(int fd, uint64_t offset, ByteSpan into, const std::string& name);

Result<Bytes> ReadFile(const std::string& path, size_t limit);
Result<SecretBytes> ReadSecretFile(const std::string& path, size_t limit);

Status WriteAll(int fd, ByteView bytes, const std::string& name);
/// A whole ReplacementFile (base/replacement_file.h) at once.
Status ReplaceFile(const std::string& path, ByteView bytes, mode_t mode);

}  // namespace secretfs
