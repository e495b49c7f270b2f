// One recipient stanza (C2SP age.md, "Recipient stanza"): `-> TYPE ARGUMENTS` and a base64 body
// that wraps the file key for one recipient. age plugins speak in the same encoding.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::age {

struct Stanza {
  std::string type;
  std::vector<std::string> args;  // after the type, not decoded
  Bytes body;
};

/// Takes lines off a text; a line ends with LF and nothing else.
class LineCursor {
 public:
  explicit LineCursor(std::string_view text) noexcept : text_(text) {}
  /// The next line without its LF. Errors: kHeader when the text ends before one.
  Result<std::string_view> Next();
  [[nodiscard]] bool NextStartsWith(std::string_view prefix) const noexcept {
    return text_.substr(taken_).starts_with(prefix);
  }
  [[nodiscard]] size_t taken() const noexcept { return taken_; }    // bytes, LF included
  [[nodiscard]] size_t number() const noexcept { return number_; }  // of the last line, from 1

 private:
  std::string_view text_;
  size_t taken_ = 0;
  size_t number_ = 0;
};

/// "header line N: what", of the cursor's last line.
Error HeaderErrorAt(const LineCursor& lines, std::string_view what);

/// All lines of a body are as long, but the last, which is shorter and may be empty.
inline constexpr size_t kStanzaColumns = 64;

/// The type and the arguments in a stanza's first line, or nothing when it is none.
std::optional<std::vector<std::string>> SplitStanzaLine(std::string_view line);

/// Errors: kHeader.
Result<Stanza> ParseStanza(LineCursor& lines);

/// The only encoding of a stanza: printing what was parsed gives the same bytes.
void PrintStanza(const Stanza& stanza, std::string& out);

/// The lines of a body that is secret. Errors: kResource.
Result<SecretBytes> PrintSecretStanzaBody(ByteView body);

}  // namespace secretfs::age
