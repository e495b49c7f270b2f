// Any bech32 text that is accepted is encoded back to itself.
#include "crypto/bech32.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace secretfs;
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
  };
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto decoded = crypto::DecodeBech32(AsBytes(text))) {
    if (crypto::EncodeBech32(lower(decoded->prefix), decoded->data.Expose()) != lower(text)) {
      std::abort();
    }
  }
  // The other way round, since a fuzzer finds no checksums.
  const std::string encoded = crypto::EncodeBech32("age", AsBytes(text));
  const auto decoded = crypto::DecodeBech32(AsBytes(encoded));
  if (!decoded || AsText(decoded->data.Expose()) != text) std::abort();
  return 0;
}
