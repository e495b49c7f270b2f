// A reference is anybody's text: what can be read names the same item as a document.
#include "remote/op_reference.h"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace secretfs;

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ref = remote::ParseOpReference(text);
  if (!ref) {
    Check(ref.error().code == Code::kInvalid && !ref.error().what.empty());
    return 0;
  }
  Check(!ref->vault.empty() && !ref->item.empty() && !ref->field.empty());
  const auto name = remote::ParseOpDocument(remote::OpDocument(*ref));
  Check(name && name->vault == ref->vault && name->item == ref->item);
  return 0;
}
