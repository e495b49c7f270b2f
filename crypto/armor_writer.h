// Writing ASCII armor (C2SP age.md, "ASCII armor"): padded base64 in lines of 64 columns, ended by
// LF, as ArmorReader reads it.
#pragma once

#include <array>

#include "crypto/byte_sink.h"

namespace secretfs::age {

/// Used by one thread at a time.
class ArmorWriter final : public ByteSink {
 public:
  /// `out` must outlive it.
  explicit ArmorWriter(ByteSink& out) noexcept : out_(out) {}
  Status Write(ByteView bytes) override;
  /// Writes the last line and the END line.
  Status Finish();

 private:
  static constexpr size_t kBytesPerLine = 48;

  ByteSink& out_;
  std::array<std::byte, kBytesPerLine> pending_{};  // the beginning of a line
  size_t pending_size_ = 0;
  bool begun_ = false;
};

}  // namespace secretfs::age
