#include "views/escape.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace secretfs {
namespace {

unsigned char Unsigned(char c) { return static_cast<unsigned char>(c); }

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void AppendHex(SecretBuilder& out, char c, std::string_view digits) {
  out.Append(digits[Unsigned(c) >> 4U]).Append(digits[Unsigned(c) & 15U]);
}

/// Length of the well-formed sequence at the start of `text`, or 0.
size_t Utf8Length(std::string_view text) {
  const unsigned char lead = Unsigned(text[0]);
  if (lead < 0x80) return 1;
  size_t length = 0;
  unsigned char lowest = 0x80;  // of the second byte
  unsigned char highest = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (lead == 0xe0) lowest = 0xa0;
  if (lead == 0xed) highest = 0x9f;
  if (lead == 0xf0) lowest = 0x90;
  if (lead == 0xf4) highest = 0x8f;
  if (length == 0 || text.size() < length) return 0;
  if (Unsigned(text[1]) < lowest || Unsigned(text[1]) > highest) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (Unsigned(text[i]) < 0x80 || Unsigned(text[i]) > 0xbf) return 0;
  }
  return length;
}

}  // namespace

bool IsUnreserved(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool IsControl(char c) noexcept { return Unsigned(c) < 0x20 || Unsigned(c) == 0x7f; }

bool HasControl(ByteView bytes) noexcept {
  const std::string_view text = AsText(bytes);
  return std::any_of(text.begin(), text.end(), IsControl);
}

bool IsUtf8(ByteView bytes) noexcept {
  std::string_view text = AsText(bytes);
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

ByteView Trimmed(ByteView bytes) noexcept {
  std::string_view text = AsText(bytes);
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return AsBytes(text);
}

void AppendPercentEncoded(SecretBuilder& out, ByteView bytes) {
  for (const char c : AsText(bytes)) {
    if (IsUnreserved(c)) {
      out.Append(c);
    } else {
      AppendHex(out.Append('%'), c, "0123456789ABCDEF");
    }
  }
}

void AppendBase64(SecretBuilder& out, ByteView bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (; !bytes.empty(); bytes = bytes.subspan(std::min<size_t>(3, bytes.size()))) {
    const auto at = [&](size_t i) {
      return i < bytes.size() ? std::to_integer<unsigned>(bytes[i]) : 0U;
    };
    const unsigned group = (at(0) << 16U) | (at(1) << 8U) | at(2);
    out.Append(kDigits[group >> 18U]).Append(kDigits[(group >> 12U) & 63U]);
    out.Append(bytes.size() > 1 ? kDigits[(group >> 6U) & 63U] : '=');
    out.Append(bytes.size() > 2 ? kDigits[group & 63U] : '=');
  }
}

void AppendJsonString(SecretBuilder& out, ByteView utf8) {
  out.Append('"');
  for (const char c : AsText(utf8)) {
    if (c == '"' || c == '\\') {
      out.Append('\\').Append(c);
    } else if (c == '\n') {
      out.Append("\\n");
    } else if (c == '\r') {
      out.Append("\\r");
    } else if (c == '\t') {
      out.Append("\\t");
    } else if (IsControl(c)) {
      AppendHex(out.Append("\\u00"), c, "0123456789abcdef");
    } else {
      out.Append(c);
    }
  }
  out.Append('"');
}

void AppendShellWord(SecretBuilder& out, ByteView bytes) {
  out.Append('\'');
  for (const char c : AsText(bytes)) {
    if (c == '\'') {
      out.Append("'\\''");
    } else {
      out.Append(c);
    }
  }
  out.Append('\'');
}

// Quotes and escapes are known to curl since 7.84. Words without blanks, quotes and backslashes go
// bare, so that older readers understand them too.
void AppendNetrcWord(SecretBuilder& out, ByteView bytes) {
  const std::string_view text = AsText(bytes);
  const bool bare =
      !text.empty() && text.front() != '#' && text.find_first_of(" \"\\") == text.npos;
  if (bare) {
    out.Append(text);
    return;
  }
  out.Append('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.Append('\\');
    out.Append(c);
  }
  out.Append('"');
}

}  // namespace secretfs
