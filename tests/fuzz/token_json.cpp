// What can be read can be printed and read again; whatever is printed is stable; and an error's
// place lies in the text.
#include "providers/token_json.h"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace secretfs;

void Check(bool holds) {
  if (!holds) std::abort();
}

bool Same(const Token& a, const Token& b) {
  return a.host == b.host && a.user == b.user && a.kind == b.kind &&
         AsText(a.value.Expose()) == AsText(b.value.Expose());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = SecretBytes::CopyOf({reinterpret_cast<const std::byte*>(data), size});
  Check(text.has_value());
  const auto table = ParseTokenJson(*text, "f");
  if (!table) {
    Check(table.error().code == Code::kResource || table.error().where.starts_with("f:"));
    return 0;
  }
  const auto printed = PrintTokenJson(*table);
  Check(printed.has_value());
  const auto again = ParseTokenJson(*printed, "f");
  Check(again && again->size() == table->size());
  for (size_t i = 0; i < table->size(); ++i) Check(Same((*table)[i], (*again)[i]));
  Check(AsText(PrintTokenJson(*again)->Expose()) == AsText(printed->Expose()));
  return 0;
}
