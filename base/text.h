// Words for people: quoting for messages, and "did you mean". Not for secrets.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace secretfs {

/// 'text' with control characters and bytes that are not UTF-8 as \xNN, cut at 80 bytes: safe for a
/// terminal or a log.
std::string Quote(std::string_view text);

/// The same escapes, without quotes and without a limit.
std::string Printable(std::string_view text);

/// The known word nearest to `word`, if it is near enough to be a slip of the pen.
std::optional<std::string> ClosestWord(std::string_view word, std::span<const std::string> known);

/// "did you mean 'x'? known: a, b, c" (without the question when nothing is near), for an Error's
/// hint.
std::string SuggestFrom(std::string_view word, std::span<const std::string> known,
                        std::string_view known_label);

/// "a, b, c"
std::string Join(std::span<const std::string> words, std::string_view separator = ", ");

}  // namespace secretfs
