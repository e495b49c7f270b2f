// Reading values that are not in memory, part by part, on the thread that calls.
#pragma once

#include <stop_token>

#include "base/secret_bytes.h"
#include "core/entry.h"
#include "crypto/locked_buffer.h"

namespace secretfs {

/// One thread's place for the part that it reads. Kept, since mapping and locking memory for each
/// part takes as long as decrypting it.
class PartReader {
 public:
  /// The part, valid until the next call or Forget(). Errors: the content's; kResource.
  Result<ByteView> Read(const Part& part);
  /// Wipes what was read.
  void Forget() noexcept;

 private:
  crypto::LockedBuffer buffer_;
  size_t used_ = 0;
};

/// Reads all of it, which verifies it. Errors: the content's; kResource; kUnavailable when stopped.
Status VerifyContent(const Content& content, const std::stop_token& stop);

}  // namespace secretfs
