// Where encrypted bytes come from: a file, a pipe, memory. Not for plaintext: what a source gives
// is kept in ordinary memory.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"

namespace secretfs::age {

/// Used by one thread at a time.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;
  /// Fills some of `into`, which is not empty, and returns how much; 0 is the end.
  virtual Result<size_t> Read(ByteSpan into) = 0;
};

/// The bytes must outlive it.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes) noexcept : rest_(bytes) {}
  Result<size_t> Read(ByteSpan into) override;

 private:
  ByteView rest_;
};

/// What was read ahead of `rest`, then `rest`.
class PrefixedSource final : public ByteSource {
 public:
  PrefixedSource(Bytes prefix, ByteSource& rest) noexcept
      : prefix_(std::move(prefix)), rest_(rest) {}
  Result<size_t> Read(ByteSpan into) override;

 private:
  Bytes prefix_;
  size_t used_ = 0;
  ByteSource& rest_;
};

/// Fills all of `into`, unless the source ends first; returns how much was read.
Result<size_t> ReadFull(ByteSource& source, ByteSpan into);

}  // namespace secretfs::age
