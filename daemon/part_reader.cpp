#include "daemon/part_reader.h"

#include <algorithm>

namespace secretfs {

Result<ByteView> PartReader::Read(const Part& part) {
  if (buffer_.bytes().size() < part.size) buffer_ = TRY(crypto::LockedBuffer::Make(part.size));
  used_ = part.size;
  const ByteSpan into = buffer_.bytes().first(part.size);
  TRY(part.value->content->ReadAt(part.offset, into));
  return ByteView(into);
}

void PartReader::Forget() noexcept {
  Wipe(buffer_.bytes().first(used_));
  used_ = 0;
}

Status VerifyContent(const Content& content, const std::stop_token& stop) {
  constexpr uint64_t kStep = uint64_t{256} << 10U;
  const auto buffer = TRY(crypto::LockedBuffer::Make(kStep));
  for (uint64_t done = 0; done < content.size(); done += kStep) {
    if (stop.stop_requested()) return Error{Code::kUnavailable, "stopped", "", ""};
    const uint64_t step = std::min(kStep, content.size() - done);
    TRY(content.ReadAt(done, buffer.bytes().first(static_cast<size_t>(step))));
  }
  return Ok{};
}

}  // namespace secretfs
