#include "crypto/bech32.h"

#include <array>
#include <cstdint>
#include <vector>

namespace secretfs::crypto {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr size_t kChecksumChars = 6;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class Checksum {
 public:
  void Add(uint32_t value) {
    constexpr std::array<uint32_t, 5> kGenerator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                 0x2a1462b3};
    const uint32_t top = state_ >> 25U;
    state_ = (state_ & 0x1ffffffU) << 5U ^ value;
    for (size_t i = 0; i < kGenerator.size(); ++i) {
      if ((top >> i & 1U) != 0) state_ ^= kGenerator[i];
    }
  }
  void AddPrefix(std::string_view prefix) {
    for (const char c : prefix) Add(static_cast<unsigned char>(Lower(c)) >> 5U);
    Add(0);
    for (const char c : prefix) Add(static_cast<unsigned char>(Lower(c)) & 31U);
  }
  [[nodiscard]] uint32_t state() const { return state_; }

 private:
  uint32_t state_ = 1;
};

Error Invalid(const char* what) { return {Code::kInvalid, what, "", ""}; }

Status CheckCharacters(std::string_view text) {
  bool lower = false;
  bool upper = false;
  for (const char c : text) {
    if (c < 0x21 || c > 0x7e) return Invalid("a character that bech32 does not allow");
    lower |= c >= 'a' && c <= 'z';
    upper |= c >= 'A' && c <= 'Z';
  }
  if (lower && upper) return Invalid("upper and lower case are mixed");
  return Ok{};
}

/// Packs 5-bit characters into bytes; `out` holds text.size() * 5 / 8 of them.
Status Unpack(std::string_view text, ByteSpan out) {
  uint32_t bits = 0;
  unsigned pending = 0;
  size_t written = 0;
  for (const char c : text) {
    bits = (bits << 5U | static_cast<uint32_t>(kAlphabet.find(Lower(c)))) & 0xfffU;
    pending += 5;
    if (pending < 8) continue;
    pending -= 8;
    out[written++] = static_cast<std::byte>(bits >> pending);
  }
  const bool zeros = (bits & ((1U << pending) - 1U)) == 0;
  if (pending >= 5 || !zeros) return Invalid("the padding is not canonical");
  return Ok{};
}

}  // namespace

Result<Bech32> DecodeBech32(ByteView bytes) {
  const std::string_view text = AsText(bytes);
  TRY(CheckCharacters(text));
  const size_t separator = text.rfind('1');
  if (separator == std::string_view::npos || separator == 0 ||
      text.size() - separator - 1 < kChecksumChars) {
    return Invalid("not in the form PREFIX1DATA");
  }
  Checksum checksum;
  checksum.AddPrefix(text.substr(0, separator));
  std::string_view data = text.substr(separator + 1);
  for (const char c : data) {
    const size_t value = kAlphabet.find(Lower(c));
    if (value == std::string_view::npos) return Invalid("a character that bech32 does not allow");
    checksum.Add(static_cast<uint32_t>(value));
  }
  if (checksum.state() != 1) return Invalid("the checksum is wrong");
  data.remove_suffix(kChecksumChars);
  const size_t size = data.size() * 5 / 8;
  auto unpacked = TRY(SecretBytes::Make(size, [&](ByteSpan out) -> Result<size_t> {
    TRY(Unpack(data, out));
    return size;
  }));
  // Only now is the prefix known to be one, and not a part of some other secret.
  return Bech32{std::string(text.substr(0, separator)), std::move(unpacked)};
}

std::string EncodeBech32(std::string_view prefix, ByteView data) {
  std::vector<uint32_t> values;
  uint32_t bits = 0;
  unsigned pending = 0;
  for (const std::byte byte : data) {
    bits = (bits << 8U | std::to_integer<uint32_t>(byte)) & 0xfffU;
    for (pending += 8; pending >= 5; pending -= 5) values.push_back(bits >> (pending - 5) & 31U);
  }
  if (pending > 0) values.push_back(bits << (5 - pending) & 31U);

  Checksum checksum;
  checksum.AddPrefix(prefix);
  for (const uint32_t value : values) checksum.Add(value);
  for (size_t i = 0; i < kChecksumChars; ++i) checksum.Add(0);
  for (size_t i = 0; i < kChecksumChars; ++i) {
    values.push_back((checksum.state() ^ 1U) >> 5 * (kChecksumChars - 1 - i) & 31U);
  }
  std::string text(prefix);
  text += '1';
  for (const uint32_t value : values) text += kAlphabet[value];
  return text;
}

}  // namespace secretfs::crypto
