// What a token is for: HOST[:PORT][/PATH], as token sources write it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace secretfs {

/// Parts of a text that outlives it.
struct HostParts {
  std::string_view name;  // a host name, an IPv4 address, or an IPv6 address in brackets
  std::string_view port;  // 1 to 65535 in digits, or empty
  std::string_view
      path;  // without slashes at its ends, or empty; unreserved characters and slashes
  /// HOST[:PORT]
  [[nodiscard]] std::string Authority() const;
  /// HOST[:PORT][/PATH]
  [[nodiscard]] std::string Text() const;
};

/// Nothing when `text` is of another form: a URL, a user before the host, blanks, bytes outside
/// ASCII (an internationalised name is written as xn--...).
std::optional<HostParts> ParseHost(std::string_view text);

/// ASCII letters in lower case; other bytes as they are.
std::string LowerCase(std::string_view text);

}  // namespace secretfs
