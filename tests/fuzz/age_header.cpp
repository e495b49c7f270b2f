// Any header that is accepted is printed back as the same bytes, and ends where FindHeaderEnd says.
#include "crypto/age_header.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace secretfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = age::FindHeaderEnd(text);
  const auto header = age::ParseHeader(text);
  if (!header) return 0;
  if (end != header->size) std::abort();
  if (age::PrintHeader(*header) != text.substr(0, header->size)) std::abort();
  return 0;
}
