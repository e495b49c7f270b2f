// Armor gives the same however it is read, and what it accepts is the armor of what it gives.
#include "crypto/armor.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "crypto/base64.h"

namespace {

using namespace secretfs;

/// Gives a few bytes at a time.
class Dribble final : public age::ByteSource {
 public:
  Dribble(std::string_view text, size_t step) : rest_(text), step_(step) {}
  Result<size_t> Read(ByteSpan into) override {
    const size_t count = std::min({rest_.size(), into.size(), step_});
    std::copy_n(AsBytes(rest_).begin(), count, into.begin());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  size_t step_;
};

std::optional<std::string> Decode(std::string_view text, size_t step, size_t read_size) {
  Dribble source(text, step);
  age::ArmorReader reader(source);
  Bytes into(read_size);
  std::string decoded;
  while (true) {
    const auto count = reader.Read(into);
    if (!count) return std::nullopt;
    if (*count == 0) return decoded;
    decoded += AsText(ByteView(into).first(*count));
  }
}

/// The lines without their ends, and without white space outside.
std::string Normal(std::string_view text) {
  std::string lines;
  std::copy_if(text.begin(), text.end(), std::back_inserter(lines),
               [](char c) { return c != '\r' && c != '\n'; });
  const size_t begin = lines.find('-');
  return lines.substr(begin, lines.rfind('-') + 1 - begin);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto decoded = Decode(text, SIZE_MAX, 4096);
  if (Decode(text, 3, 47) != decoded) std::abort();
  if (!decoded) return 0;
  const std::string again = "-----BEGIN AGE ENCRYPTED FILE-----" +
                            crypto::EncodeBase64(AsBytes(*decoded), crypto::Padding::kRequired) +
                            "-----END AGE ENCRYPTED FILE-----";
  if (Normal(text) != again || !age::LooksArmored(text)) std::abort();
  return 0;
}
