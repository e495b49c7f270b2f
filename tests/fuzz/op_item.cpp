// A line with a reference, then what a server says is an item. Whatever it is, the reference finds
// something or an error, and the same each time; and the JSON of a part is JSON again.
#include "remote/op_item.h"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace secretfs;
using namespace secretfs::remote;

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckJson(ByteView text) {
  const auto json = ParseSecretJson(text, "f");
  if (!json) {
    Check(json.error().where == "f");
    return;
  }
  const auto printed = JsonText(*json);
  Check(printed.has_value());
  if (json->is_string()) return;
  Check(ParseSecretJson(printed->Expose(), "f").has_value());
}

std::string Outcome(const Result<OpSecret>& secret) {
  if (!secret) return "error " + secret.error().Text() + secret.error().hint;
  if (const auto* file = std::get_if<OpFile>(&*secret)) return "file " + file->id;
  return "value " + std::string(AsText(std::get<SecretBytes>(*secret).Expose()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  if (line == text.npos) return 0;
  const ByteView json = AsBytes(text.substr(line + 1));
  CheckJson(json);
  const auto ref = ParseOpReference(text.substr(0, line));
  const auto item = OpItem::Parse(json, "f");
  if (!ref || !item) return 0;
  const auto secret = item->Select(*ref);
  Check(Outcome(secret) == Outcome(item->Select(*ref)));
  if (!secret || !IsOneTimePassword(*ref)) return 0;
  const ByteView kept = std::get<SecretBytes>(*secret).Expose();
  Check(ComputeOpSecret(*ref, kept, WallTime{}).has_value());
  return 0;
}
