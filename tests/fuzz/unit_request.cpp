// Requests to the actor: what is accepted has the one spelling that the daemon writes.
#include "core/unit_request.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = secretfs::ParseUnitRequest(text);
  if (parsed && secretfs::UnitRequest(*parsed) != text) std::abort();
  return 0;
}
