// Messages between the daemon and its keeper: what is accepted has the one spelling that is
// written.
#include "core/keeper_message.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace secretfs;

void RequireSame(ByteView frame, Bytes written, ByteView content = {}) {
  if (FrameSize(ByteView(written).first(kFrameHead)).value() != frame.size()) std::abort();
  written.insert(written.end(), content.begin(), content.end());
  if (!std::ranges::equal(frame, ByteView(written).subspan(kFrameHead))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView frame(reinterpret_cast<const std::byte*>(data), size);
  if (const auto request = ParseKeeperRequest(frame)) {
    RequireSame(frame, KeeperFrame(*request), request->content);
  }
  if (const auto answer = ParseKeeperAnswer(frame)) RequireSame(frame, KeeperFrame(*answer));
  return 0;
}
