// A block of secret memory that is written many times, as SecretBytes is not: the place where a
// stream's chunks are decrypted one after the other. Move-only; wiped when it goes.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_heap.h"

namespace secretfs::crypto {

class LockedBuffer {
 public:
  LockedBuffer() noexcept = default;  // of no bytes
  /// Errors: kResource.
  static Result<LockedBuffer> Make(size_t size) {
    LockedBuffer buffer;
    buffer.block_.reset(TRY(secret_heap::Allocate(size)));
    buffer.size_ = size;
    return buffer;
  }
  [[nodiscard]] ByteSpan bytes() const noexcept {
    return {static_cast<std::byte*>(block_.get()), size_};
  }

 private:
  struct Free {
    void operator()(void* block) const noexcept { secret_heap::Free(block); }
  };
  std::unique_ptr<void, Free> block_;
  size_t size_ = 0;
};

}  // namespace secretfs::crypto
