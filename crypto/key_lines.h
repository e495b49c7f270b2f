// Files of keys, one a line: identities and recipients. Empty lines and those that begin with # are
// passed over; a line may end with CR LF.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace secretfs::age {

/// The lines that are to be keys, in their order. Views into the text, which may be secret.
class KeyLines {
 public:
  explicit KeyLines(std::string_view text) noexcept : rest_(text) {}

  std::optional<std::string_view> Next() noexcept {
    while (!rest_.empty()) {
      const size_t end = rest_.find('\n');
      std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty() && !line.starts_with('#')) return line;
    }
    return std::nullopt;
  }
  [[nodiscard]] size_t number() const noexcept { return number_; }  // of the last line, from 1

 private:
  std::string_view rest_;
  size_t number_ = 0;
};

}  // namespace secretfs::age
