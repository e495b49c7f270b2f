#include "base/text.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace secretfs {
namespace {

/// What the first byte says about the length of its UTF-8 sequence; 0 if none begins so.
size_t LengthByLead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

/// Length of the well-formed UTF-8 sequence at the start of `text`, or 0. (Unicode, table 3-7)
size_t Utf8Length(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  const size_t length = LengthByLead(lead);
  if (length <= 1) return length;
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char next = at(1);
  const bool overlong = (lead == 0xe0 && next < 0xa0) || (lead == 0xf0 && next < 0x90);
  const bool outside = (lead == 0xed && next > 0x9f) || (lead == 0xf4 && next > 0x8f);
  return overlong || outside ? 0 : length;
}

/// Characters that a terminal obeys (C0, DEL, C1), and those that end a line or turn its direction
/// round, so that what is shown would not be what is there.
bool IsControl(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead < 0x20 || lead == 0x7f;
  if (sequence.size() == 2 && lead == 0xc2) return static_cast<unsigned char>(sequence[1]) < 0xa0;
  constexpr std::array<std::string_view, 14> kFormats{
      "\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b",
      "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"};
  return std::find(kFormats.begin(), kFormats.end(), sequence) != kFormats.end();
}

/// Letters added, dropped, changed, or swapped with their neighbour (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

/// The longest start of `text` up to `limit` bytes that does not end inside a character.
std::string_view CutAt(std::string_view text, size_t limit) {
  for (size_t back = 1; back <= 3; ++back) {
    if (Utf8Length(text.substr(limit - back)) > back) return text.substr(0, limit - back);
  }
  return text.substr(0, limit);
}

}  // namespace

std::string Printable(std::string_view text) {
  constexpr std::array<char, 17> kHex{"0123456789abcdef"};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0 || IsControl(text.substr(0, length))) {
      const size_t bad = std::max<size_t>(length, 1);
      for (const char c : text.substr(0, bad)) {
        const auto byte = static_cast<unsigned char>(c);
        out += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
      }
      text.remove_prefix(bad);
      continue;
    }
    out += text.substr(0, length);
    text.remove_prefix(length);
  }
  return out;
}

std::string Quote(std::string_view text) {
  constexpr size_t kLongest = 80;
  if (text.size() <= kLongest) return "'" + Printable(text) + "'";
  return "'" + Printable(CutAt(text, kLongest)) + "...'";
}

std::optional<std::string> ClosestWord(std::string_view word, std::span<const std::string> known) {
  constexpr size_t kLongest = 64;  // the distance is quadratic, and longer words are not slips
  if (word.size() > kLongest) return std::nullopt;
  std::optional<std::string> best;
  // A third of the letters may be wrong, or one of a short word, but not all.
  size_t best_distance = std::min(std::max<size_t>(1, word.size() / 3) + 1, word.size());
  for (const std::string& candidate : known) {
    if (candidate.size() > kLongest) continue;
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string Join(std::span<const std::string> words, std::string_view separator) {
  std::string out;
  for (const std::string& word : words) {
    if (&word != &words.front()) out += separator;
    out += word;
  }
  return out;
}

std::string SuggestFrom(std::string_view word, std::span<const std::string> known,
                        std::string_view known_label) {
  constexpr size_t kMost = 20;
  std::string out;
  if (const auto closest = ClosestWord(word, known)) out = "did you mean " + Quote(*closest) + "? ";
  if (known.empty()) return out + std::string(known_label) + ": none";
  const auto shown = known.first(std::min(known.size(), kMost));
  return out + std::string(known_label) + ": " + Join(shown) +
         (known.size() > kMost ? ", ..." : "");
}

}  // namespace secretfs
