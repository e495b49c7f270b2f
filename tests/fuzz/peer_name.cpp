// What is taken for a peer's name is what systemd writes, word for word, but for the random part.
#include "daemon/peer_name.h"

#include <cstdint>
#include <cstdlib>

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace secretfs;
  const std::string_view address(reinterpret_cast<const char*>(data), size);
  const auto peer = ParsePeerName(address);
  if (!peer) return 0;
  const std::string rest = "/unit/" + peer->unit + "/" + peer->id;
  Check(address.front() == '\0' && address.ends_with(rest) && address.size() > rest.size() + 1);
  Check(peer->unit.find('/') == std::string::npos && peer->id.find('/') == std::string::npos);
  Check(!peer->unit.empty() && !peer->id.empty());
  Check(ParsePeerName(std::string(1, '\0') + "0" + rest) == peer);
  return 0;
}
