#include "remote/otp.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "remote/op_reference.h"

namespace secretfs::remote {
namespace {

constexpr std::string_view kTotp = "otpauth://totp/";
constexpr std::string_view kHotp = "otpauth://hotp/";
constexpr size_t kMaxTextBytes = 4096;
constexpr unsigned kMostDigits = 10;
constexpr unsigned kLongestPeriod = 24 * 3600;
constexpr unsigned kBitsOfDigit = 5;

Error Invalid(std::string what) { return {Code::kInvalid, std::move(what), "", ""}; }

/// RFC 4648, section 6, in either case; blanks and "-" are for people.
std::optional<unsigned> Base32Digit(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a');
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= '2' && c <= '7') return static_cast<unsigned>(c - '2' + 26);
  return std::nullopt;
}

Result<SecretBytes> DecodeBase32(std::string_view text) {
  while (text.ends_with('=') || text.ends_with("%3D") || text.ends_with("%3d")) {
    text.remove_suffix(text.ends_with('=') ? 1 : 3);
  }
  auto key = TRY(SecretBytes::Make(text.size(), [&](ByteSpan out) -> Result<size_t> {
    size_t size = 0;
    unsigned bits = 0;
    unsigned pending = 0;  // bits that are not written yet
    for (const char c : text) {
      if (c == ' ' || c == '-' || c == '+') continue;
      const auto digit = Base32Digit(c);
      if (!digit) return Invalid("the one-time password's key is not base32");
      bits = (bits << kBitsOfDigit | *digit) & 0xfffU;
      pending += kBitsOfDigit;
      if (pending < 8) continue;
      pending -= 8;
      out[size++] = static_cast<std::byte>(bits >> pending);
    }
    return size;
  }));
  if (key.empty()) return Invalid("the one-time password has no key");
  return key;
}

Result<unsigned> ParseNumber(std::string_view text, std::string_view name, unsigned most) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > most) {
    return Invalid("the one-time password's " + std::string(name) + " is not a number of 1 to " +
                   std::to_string(most));
  }
  return number;
}

Result<crypto::Hash> ParseHash(std::string_view name) {
  if (EqualsIgnoringCase(name, "SHA1")) return crypto::Hash::kSha1;
  if (EqualsIgnoringCase(name, "SHA256")) return crypto::Hash::kSha256;
  if (EqualsIgnoringCase(name, "SHA512")) return crypto::Hash::kSha512;
  return Error{Code::kUnsupported, "the one-time password's algorithm is not known", "",
               "known: SHA1, SHA256, SHA512"};
}

Status SetParameter(OtpKey& key, std::string_view name, std::string_view value) {
  if (name == "secret") key.key = TRY(DecodeBase32(value));
  if (name == "algorithm") key.hash = TRY(ParseHash(value));
  if (name == "digits") key.digits = TRY(ParseNumber(value, name, kMostDigits));
  if (name == "period") key.period = TRY(ParseNumber(value, name, kLongestPeriod));
  return Ok{};  // others are for people
}

Result<OtpKey> ParseUrl(std::string_view url) {
  const size_t question = url.find('?');
  std::string_view query = question == url.npos ? "" : url.substr(question + 1);
  OtpKey key;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    TRY(SetParameter(key, pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size()))));
  }
  if (key.key.empty()) return Invalid("the one-time password has no key");
  return key;
}

}  // namespace

Result<OtpKey> ParseOtp(ByteView bytes) {
  const std::string_view text = AsText(bytes);
  if (text.size() > kMaxTextBytes) return Invalid("the one-time password's key is too long");
  if (EqualsIgnoringCase(text.substr(0, kTotp.size()), kTotp)) return ParseUrl(text);
  if (EqualsIgnoringCase(text.substr(0, kHotp.size()), kHotp)) {
    return Error{Code::kUnsupported, "a one-time password that counts its uses", "",
                 "only those by time can be computed"};
  }
  OtpKey key;
  key.key = TRY(DecodeBase32(text));
  return key;
}

// RFC 4226, section 5.3.
Result<SecretBytes> OtpOfCounter(const OtpKey& key, uint64_t counter) {
  std::array<std::byte, sizeof counter> message{};
  for (size_t i = 0; i < message.size(); ++i) {
    message[i] = static_cast<std::byte>(counter >> 8 * (message.size() - 1 - i));
  }
  const auto digest = TRY(crypto::Hmac(key.hash, key.key.Expose(), message));
  const ByteView bytes = digest.Expose();
  const auto offset = std::to_integer<size_t>(bytes.back() & std::byte{0xf});
  uint64_t number = 0;
  for (const std::byte byte : bytes.subspan(offset, 4)) {
    number = number << 8U | std::to_integer<uint64_t>(byte);
  }
  number &= 0x7fffffffU;
  return SecretBytes::Make(key.digits, [&](ByteSpan out) -> Result<size_t> {
    for (size_t i = key.digits; i > 0; --i, number /= 10) {
      out[i - 1] = static_cast<std::byte>('0' + number % 10);
    }
    return key.digits;
  });
}

Result<SecretBytes> OtpOfTime(const OtpKey& key, WallTime now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  const auto since = std::max<int64_t>(seconds.count(), 0);
  return OtpOfCounter(key, static_cast<uint64_t>(since) / key.period);
}

}  // namespace secretfs::remote
