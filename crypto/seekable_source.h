// Encrypted bytes that can be read at any offset: a file, memory. Not for plaintext, as of
// crypto/byte_source.h.
#pragma once

#include <cstdint>

#include "crypto/byte_source.h"

namespace secretfs::age {

/// Thread-safe.
class SeekableSource {
 public:
  SeekableSource() = default;
  SeekableSource(const SeekableSource&) = delete;
  SeekableSource& operator=(const SeekableSource&) = delete;
  virtual ~SeekableSource() = default;
  /// What it was when the source was opened; never changes.
  [[nodiscard]] virtual uint64_t size() const noexcept = 0;
  /// Fills all of `into`, unless the source ends first; returns how much was read.
  virtual Result<size_t> ReadAt(uint64_t offset, ByteSpan into) const = 0;
};

/// A seekable source read from its beginning, which it must outlive.
class FromBeginning final : public ByteSource {
 public:
  explicit FromBeginning(const SeekableSource& source) noexcept : source_(source) {}
  Result<size_t> Read(ByteSpan into) override {
    const size_t count = TRY(source_.ReadAt(offset_, into));
    offset_ += count;
    return count;
  }

 private:
  const SeekableSource& source_;
  uint64_t offset_ = 0;
};

}  // namespace secretfs::age
