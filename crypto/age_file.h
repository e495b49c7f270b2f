// An age file up to its payload: the armor is taken off, if there is one, and the header parsed.
// What can be learnt from a file without a key.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "crypto/age_header.h"
#include "crypto/armor.h"
#include "crypto/byte_source.h"

namespace secretfs::age {

/// Used by one thread at a time.
class AgeFile {
 public:
  /// `in` gives a whole file, armored or binary, and must outlive the result. Errors: kHeader,
  /// kArmor, the source's own.
  static Result<std::unique_ptr<AgeFile>> Open(ByteSource& in);

  [[nodiscard]] bool armored() const noexcept { return armor_.has_value(); }
  [[nodiscard]] const Header& header() const noexcept { return header_; }
  [[nodiscard]] std::string_view header_text() const noexcept { return header_text_; }
  /// The nonce and what follows it.
  [[nodiscard]] ByteSource& payload() noexcept { return *payload_; }

 private:
  AgeFile() = default;
  Status FindArmor(ByteSource& in);
  Status ReadHeader();

  std::optional<PrefixedSource> file_;     // as it is stored
  std::optional<ArmorReader> armor_;       // over file_, if that is armored
  std::optional<PrefixedSource> payload_;  // over one of them
  std::string header_text_;
  Header header_;
};

}  // namespace secretfs::age
