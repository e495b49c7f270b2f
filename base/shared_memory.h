// SharedMemory: a memfd of a fixed size that several processes map, one after the other or at once.
// The beginning of it is locked, and nothing of it is dumped or inherited by a fork; the rest can
// be swapped, so it is for no secrets.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs {

class SharedMemory {
 public:
  /// A new one, zeroed, which takes memory as it is written to. Its size is sealed, or whoever maps
  /// it could be killed by another one's ftruncate(2).
  static Result<UniqueFd> Make(const std::string& name, size_t size);
  /// `fd` stays the caller's, and need not stay open. Errors: kInvalid when it is not of this size,
  /// or not sealed; kResource when its first `locked` bytes cannot be locked.
  static Result<SharedMemory> Map(int fd, const std::string& name, size_t size, size_t locked);
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&&) = delete;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  [[nodiscard]] ByteSpan bytes() const noexcept { return bytes_; }

 private:
  explicit SharedMemory(ByteSpan bytes) noexcept : bytes_(bytes) {}
  ByteSpan bytes_;
};

}  // namespace secretfs
