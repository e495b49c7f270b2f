// Where encrypted bytes go: a file, a pipe, memory. Not for plaintext.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace secretfs::age {

/// Used by one thread at a time.
class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;
  /// Takes all of `bytes`.
  virtual Status Write(ByteView bytes) = 0;
};

class MemorySink final : public ByteSink {
 public:
  Status Write(ByteView bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return Ok{};
  }
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace secretfs::age
