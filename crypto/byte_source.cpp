#include "crypto/byte_source.h"

#include <algorithm>
#include <cstring>

namespace secretfs::age {
namespace {

/// As much of `from` as fits.
size_t CopySome(ByteView from, ByteSpan into) {
  const size_t count = std::min(from.size(), into.size());
  if (count > 0) std::memcpy(into.data(), from.data(), count);
  return count;
}

}  // namespace

Result<size_t> MemorySource::Read(ByteSpan into) {
  const size_t count = CopySome(rest_, into);
  rest_ = rest_.subspan(count);
  return count;
}

Result<size_t> PrefixedSource::Read(ByteSpan into) {
  if (used_ == prefix_.size()) return rest_.Read(into);
  const size_t count = CopySome(ByteView(prefix_).subspan(used_), into);
  used_ += count;
  return count;
}

Result<size_t> ReadFull(ByteSource& source, ByteSpan into) {
  size_t filled = 0;
  while (filled < into.size()) {
    const size_t count = TRY(source.Read(into.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

}  // namespace secretfs::age
