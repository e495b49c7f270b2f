#include "crypto/armor.h"

#include <algorithm>
#include <cstring>

#include "crypto/base64.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kBinaryMagic = "age-encryption.org/";
constexpr std::string_view kPemDashes = "-----";
constexpr std::string_view kSpace = " \t\r\n\v\f";
constexpr size_t kColumns = 64;
constexpr size_t kLongestLine = kColumns + 2;  // with CRLF
constexpr size_t kBufferBytes = 8192;

Error ArmorError(std::string what) { return {Code::kArmor, std::move(what), "", ""}; }

Error ArmorErrorAt(size_t line, std::string_view what) {
  return ArmorError("armor line " + std::to_string(line) + ": " + std::string(what));
}

}  // namespace

bool LooksArmored(std::string_view beginning) noexcept {
  if (beginning.starts_with(kBinaryMagic)) return false;  // whatever its stanzas say
  const size_t start = beginning.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return false;
  return beginning.substr(start).starts_with(kPemDashes) ||
         beginning.find(kArmorBegin) != std::string_view::npos;
}

Result<size_t> ArmorReader::Read(ByteSpan into) {
  if (place_ == Place::kBegin) TRY(ReadBegin());
  size_t written = 0;
  while (written < into.size()) {
    const ByteSpan room = into.subspan(written);
    if (!decoded_rest_.empty()) {
      const size_t count = std::min(decoded_rest_.size(), room.size());
      std::memcpy(room.data(), decoded_rest_.data(), count);
      decoded_rest_ = decoded_rest_.subspan(count);
      written += count;
    } else if (place_ == Place::kEnd) {
      break;
    } else if (room.size() >= kBytesPerLine) {
      written += TRY(DecodeLine(room));
    } else {
      const size_t size = TRY(DecodeLine(decoded_));
      decoded_rest_ = ByteView(decoded_).first(size);
    }
  }
  return written;
}

std::string_view ArmorReader::unread() const noexcept {
  return AsText(ByteView(raw_).subspan(used_, filled_ - used_));
}

/// Reads more text behind what is not yet used; 0 at the end.
Result<size_t> ArmorReader::Refill() {
  if (raw_.empty()) raw_.resize(kBufferBytes);
  std::copy(raw_.begin() + static_cast<ptrdiff_t>(used_),
            raw_.begin() + static_cast<ptrdiff_t>(filled_), raw_.begin());
  filled_ -= used_;
  used_ = 0;
  const size_t count = TRY(in_.Read(ByteSpan(raw_).subspan(filled_)));
  filled_ += count;
  return count;
}

/// The next line without its end, valid until the next call; nothing at the end of the text.
Result<std::optional<std::string_view>> ArmorReader::NextLine() {
  ++line_number_;
  while (true) {
    const std::string_view text = unread();
    const size_t line_feed = text.find('\n');
    if (std::min(line_feed, text.size()) > kLongestLine) {
      return ArmorErrorAt(line_number_, "longer than 64 columns");
    }
    const bool complete = line_feed != std::string_view::npos;
    if (!complete && TRY(Refill()) > 0) continue;
    std::string_view line = unread().substr(0, line_feed);
    if (!complete && line.empty()) return std::optional<std::string_view>{};
    used_ += line.size() + (complete ? 1 : 0);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return std::optional(line);
  }
}

/// Returns how much was skipped, at most a little over kMaxArmorSpace.
Result<size_t> ArmorReader::SkipSpace() {
  size_t skipped = 0;
  while (skipped <= kMaxArmorSpace) {
    const std::string_view text = unread();
    const size_t space = std::min(text.find_first_not_of(kSpace), text.size());
    line_number_ += static_cast<size_t>(
        std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(space), '\n'));
    used_ += space;
    skipped += space;
    if (space < text.size() || TRY(Refill()) == 0) break;
  }
  return skipped;
}

Status ArmorReader::ReadBegin() {
  if (TRY(SkipSpace()) > kMaxArmorSpace) {
    return ArmorError("more than 1024 bytes of white space before the armor");
  }
  const auto line = TRY(NextLine());
  if (!line || *line != kArmorBegin) {
    return ArmorErrorAt(line_number_, "not '-----BEGIN AGE ENCRYPTED FILE-----'");
  }
  place_ = Place::kBody;
  return Ok{};
}

Status ArmorReader::ReadBehindEnd() {
  if (TRY(SkipSpace()) > kMaxArmorSpace) {
    return ArmorError("more than 1024 bytes of white space behind the armor");
  }
  if (!unread().empty()) return ArmorError("there is text behind the end of the armor");
  place_ = Place::kEnd;
  return Ok{};
}

/// `into` has room for a whole line. 0 at the end.
Result<size_t> ArmorReader::DecodeLine(ByteSpan into) {
  const auto line = TRY(NextLine());
  if (!line) return ArmorError("the armor has no END line: the file is truncated");
  if (*line == kArmorEnd) {
    TRY(ReadBehindEnd());
    return size_t{0};
  }
  if (short_line_seen_) return ArmorErrorAt(line_number_, "a line after the last, shorter one");
  if (line->empty()) return ArmorErrorAt(line_number_, "an empty line");
  if (line->size() > kColumns) return ArmorErrorAt(line_number_, "longer than 64 columns");
  const auto size = crypto::DecodeBase64Into(into, *line, crypto::Padding::kRequired);
  if (!size) return ArmorErrorAt(line_number_, "not canonical base64");
  short_line_seen_ = *size < kBytesPerLine;
  return *size;
}

}  // namespace secretfs::age
