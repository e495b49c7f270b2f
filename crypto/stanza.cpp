#include "crypto/stanza.h"

#include <algorithm>

#include "crypto/base64.h"

namespace secretfs::age {
namespace {

using crypto::DecodeBase64;
using crypto::EncodeBase64;
using crypto::Padding;

constexpr std::string_view kPrefix = "-> ";
constexpr size_t kBytesPerLine = kStanzaColumns / 4 * 3;

bool IsArgument(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(),
                                      [](char c) { return c >= 0x21 && c <= 0x7e; });  // VCHAR
}

/// Words with one space between; an empty word stands where there is more.
std::vector<std::string> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    const size_t space = line.find(' ');
    words.emplace_back(line.substr(0, space));
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

/// Full lines of 64 columns, then a shorter one, which may be empty.
Result<Bytes> ParseBody(LineCursor& lines) {
  Bytes body;
  while (true) {
    const std::string_view line = TRY(lines.Next());
    if (line.size() > kStanzaColumns) {
      return HeaderErrorAt(lines, "a body line is longer than 64 columns");
    }
    const auto bytes = DecodeBase64(line, Padding::kNone);
    if (!bytes) return HeaderErrorAt(lines, "not a body line in canonical base64");
    body.insert(body.end(), bytes->begin(), bytes->end());
    if (line.size() < kStanzaColumns) return body;
  }
}

}  // namespace

Result<std::string_view> LineCursor::Next() {
  ++number_;
  const size_t end = text_.find('\n', taken_);
  if (end == std::string_view::npos) return HeaderErrorAt(*this, "the header ends too early");
  const std::string_view line = text_.substr(taken_, end - taken_);
  taken_ = end + 1;
  return line;
}

Error HeaderErrorAt(const LineCursor& lines, std::string_view what) {
  return {Code::kHeader, "header line " + std::to_string(lines.number()) + ": " + std::string(what),
          "", ""};
}

std::optional<std::vector<std::string>> SplitStanzaLine(std::string_view line) {
  if (!line.starts_with(kPrefix)) return std::nullopt;
  auto words = SplitWords(line.substr(kPrefix.size()));
  if (!std::all_of(words.begin(), words.end(), IsArgument)) return std::nullopt;
  return words;
}

Result<Stanza> ParseStanza(LineCursor& lines) {
  const std::string_view line = TRY(lines.Next());
  if (!line.starts_with(kPrefix)) return HeaderErrorAt(lines, "not the start of a stanza");
  auto words = SplitStanzaLine(line);
  if (!words) {
    return HeaderErrorAt(lines,
                         "a stanza argument is empty or has characters that are not allowed");
  }
  Stanza stanza;
  stanza.args = *std::move(words);
  stanza.type = std::move(stanza.args.front());
  stanza.args.erase(stanza.args.begin());
  stanza.body = TRY(ParseBody(lines));
  return stanza;
}

void PrintStanza(const Stanza& stanza, std::string& out) {
  out.append(kPrefix).append(stanza.type);
  for (const std::string& arg : stanza.args) out.append(1, ' ').append(arg);
  out += '\n';
  ByteView rest = stanza.body;
  while (rest.size() >= kBytesPerLine) {
    out.append(EncodeBase64(rest.first(kBytesPerLine), Padding::kNone)).append(1, '\n');
    rest = rest.subspan(kBytesPerLine);
  }
  out.append(EncodeBase64(rest, Padding::kNone)).append(1, '\n');
}

Result<SecretBytes> PrintSecretStanzaBody(ByteView body) {
  SecretBuilder lines(body.size() / 3 * 4 + body.size() / kBytesPerLine + 8);
  while (body.size() >= kBytesPerLine) {
    const SecretBytes line =
        TRY(crypto::EncodeSecretBase64(body.first(kBytesPerLine), Padding::kNone));
    lines.Append(line.Expose()).Append('\n');
    body = body.subspan(kBytesPerLine);
  }
  const SecretBytes line = TRY(crypto::EncodeSecretBase64(body, Padding::kNone));
  lines.Append(line.Expose()).Append('\n');
  return lines.Finish();
}

}  // namespace secretfs::age
