#include "crypto/bech32.h"

#include <array>
#include <cstdint>

namespace secretfs::crypto {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr size_t kChecksumChars = 6;

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
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

size_t EncodedSize(std::string_view prefix, ByteView data) {
  return prefix.size() + 1 + (data.size() * 8 + 4) / 5 + kChecksumChars;
}

/// `out` holds EncodedSize(prefix, data) characters.
void EncodeInto(ByteSpan out, std::string_view prefix, ByteView data) {
  size_t written = 0;
  const auto put = [&](char c) { out[written++] = static_cast<std::byte>(c); };
  Checksum checksum;
  checksum.AddPrefix(prefix);
  for (const char c : prefix) put(c);
  put('1');
  const auto put_value = [&](uint32_t value) {
    checksum.Add(value & 31U);
    put(kAlphabet[value & 31U]);
  };
  uint32_t bits = 0;
  unsigned pending = 0;
  for (const std::byte byte : data) {
    bits = (bits << 8U | std::to_integer<uint32_t>(byte)) & 0xfffU;
    for (pending += 8; pending >= 5; pending -= 5) put_value(bits >> (pending - 5));
  }
  if (pending > 0) put_value(bits << (5 - pending));
  for (size_t i = 0; i < kChecksumChars; ++i) checksum.Add(0);
  const uint32_t state = checksum.state() ^ 1U;
  for (size_t i = 0; i < kChecksumChars; ++i) {
    put(kAlphabet[state >> 5 * (kChecksumChars - 1 - i) & 31U]);
  }
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
  std::string text(EncodedSize(prefix, data), '\0');
  EncodeInto({reinterpret_cast<std::byte*>(text.data()), text.size()}, prefix, data);
  return text;
}

Result<SecretBytes> EncodeSecretBech32(std::string_view prefix, ByteView data) {
  const size_t size = EncodedSize(prefix, data);
  return SecretBytes::Make(size, [&](ByteSpan out) -> Result<size_t> {
    EncodeInto(out, prefix, data);
    for (std::byte& byte : out) byte = static_cast<std::byte>(Upper(static_cast<char>(byte)));
    return size;
  });
}

}  // namespace secretfs::crypto
