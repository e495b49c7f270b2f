// Reading ASCII armor (C2SP age.md, "ASCII armor"): strict RFC 7468 with the label AGE ENCRYPTED
// FILE, lines of 64 columns, LF or CRLF, white space only before and after.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "crypto/byte_source.h"

namespace secretfs::age {

inline constexpr std::string_view kArmorBegin = "-----BEGIN AGE ENCRYPTED FILE-----";
inline constexpr std::string_view kArmorEnd = "-----END AGE ENCRYPTED FILE-----";
inline constexpr size_t kMaxArmorSpace = 1024;  // bytes of white space on either side

/// Whether a file that begins so is meant to be armored: it begins with a PEM line, or has the
/// right one behind garbage.
bool LooksArmored(std::string_view beginning) noexcept;

/// Gives what the armor encloses, as it is read. The end is given only after the text behind the
/// armor was found to be white space.
class ArmorReader final : public ByteSource {
 public:
  /// `in` must outlive it.
  explicit ArmorReader(ByteSource& in) noexcept : in_(in) {}
  /// Errors: kArmor, and those of the source; nothing may be read after one.
  Result<size_t> Read(ByteSpan into) override;

 private:
  static constexpr size_t kBytesPerLine = 48;
  enum class Place { kBegin, kBody, kEnd };

  Result<size_t> Refill();
  Result<std::optional<std::string_view>> NextLine();
  Result<size_t> SkipSpace();
  Status ReadBegin();
  Status ReadBehindEnd();
  Result<size_t> DecodeLine(ByteSpan into);
  [[nodiscard]] std::string_view unread() const noexcept;

  ByteSource& in_;
  Bytes raw_;  // armored text; [used_, filled_) is not yet looked at
  size_t used_ = 0;
  size_t filled_ = 0;
  size_t line_number_ = 0;
  Place place_ = Place::kBegin;
  bool short_line_seen_ = false;
  std::array<std::byte, kBytesPerLine> decoded_{};  // of a line that did not fit into Read's span
  ByteView decoded_rest_;
};

}  // namespace secretfs::age
