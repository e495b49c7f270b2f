#include "remote/op_error.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

namespace secretfs::remote {
namespace {

constexpr size_t kMostWords = 200;
constexpr std::chrono::seconds kLongestPause = std::chrono::hours(24);

struct Meaning {
  std::string_view words;  // in lower case
  Code code;
  std::string_view hint;
};

constexpr std::string_view kLimitHint =
    "op service-account ratelimit tells what is left; longer `refresh` times ask less often";
constexpr std::string_view kTokenHint = "put a valid token of the service account into its file";

/// The first that is found counts.
constexpr std::array<Meaning, 23> kMeanings{{
    {"(429)", Code::kLimited, kLimitHint},
    {"too many requests", Code::kLimited, kLimitHint},
    {"rate limit", Code::kLimited, kLimitHint},
    {"(401)", Code::kRefused, kTokenHint},
    {"sacredentials", Code::kRefused, kTokenHint},
    {"invalid service account token", Code::kRefused, kTokenHint},
    {"(403)", Code::kPermission, "the service account needs access to this vault"},
    {"more than one", Code::kInvalid, "use ids in the reference"},
    {"isn't a vault", Code::kNotFound, ""},
    {"isn't an item", Code::kNotFound, ""},
    {"isn't a section", Code::kNotFound, ""},
    {"isn't a field", Code::kNotFound, ""},
    {"isn't a file", Code::kNotFound, ""},
    {"doesn't have a field", Code::kNotFound, ""},
    {"could not find", Code::kNotFound, ""},
    {"not found", Code::kNotFound, ""},
    {"dial tcp", Code::kUnavailable, ""},
    {"no such host", Code::kUnavailable, ""},
    {"connection refused", Code::kUnavailable, ""},
    {"network is unreachable", Code::kUnavailable, ""},
    {"timeout", Code::kUnavailable, ""},
    {"deadline exceeded", Code::kUnavailable, ""},
    {"tls:", Code::kUnavailable, ""},
}};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

/// Of "retry in 58 minutes".
std::chrono::seconds PauseIn(std::string_view lower) {
  constexpr std::string_view kWords = "retry in ";
  const size_t at = lower.find(kWords);
  if (at == std::string_view::npos) return {};
  lower.remove_prefix(at + kWords.size());
  int64_t number = 0;
  const auto [rest, failed] = std::from_chars(lower.data(), lower.data() + lower.size(), number);
  if (failed != std::errc() || number <= 0) return {};
  std::string_view unit(rest, static_cast<size_t>(lower.data() + lower.size() - rest));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  std::chrono::seconds one(1);
  if (unit.starts_with("min")) one = std::chrono::minutes(1);
  if (unit.starts_with("hour")) one = std::chrono::hours(1);
  return number < kLongestPause / one ? number * one : kLongestPause;
}

/// "[ERROR] 2023/06/26 11:55:32 words" -> "words"
std::string_view WithoutTime(std::string_view line) {
  constexpr std::string_view kMark = "[ERROR] ";
  const size_t at = line.find(kMark);
  if (at == std::string_view::npos) return line;
  line.remove_prefix(at + kMark.size());
  const size_t words = line.find_first_not_of("0123456789/: ");
  const bool has_time = line.size() > 20 && line[4] == '/' && words != std::string_view::npos;
  return has_time ? line.substr(20) : line;
}

/// The line that tells most: the last one with the mark of an error, else the last one.
std::string_view MainLine(std::string_view said) {
  std::string_view found;
  bool marked = false;
  while (!said.empty()) {
    const size_t end = std::min(said.find('\n'), said.size());
    const std::string_view line = said.substr(0, end);
    const bool marks = line.find("[ERROR]") != std::string_view::npos;
    if (marks || !marked) found = line;
    marked = marked || marks;
    said.remove_prefix(std::min(end + 1, said.size()));
  }
  return found;
}

}  // namespace

Error OpError(std::string_view said, const std::string& where) {
  const std::string lower = Lower(said);
  Error error{Code::kUnavailable,
              "op: " + std::string(WithoutTime(MainLine(said)).substr(0, kMostWords)), where, ""};
  const auto* meaning = std::ranges::find_if(
      kMeanings, [&](const Meaning& one) { return lower.find(one.words) != std::string::npos; });
  if (meaning != kMeanings.end()) {
    error.code = meaning->code;
    error.hint = meaning->hint;
  }
  if (error.code == Code::kLimited) error.retry_after = PauseIn(lower);
  const bool speechless = error.what == "op: ";
  if (speechless) error.what = "op failed without a word";
  if (lower.find("ops_") != std::string::npos) error.what = "op failed, and quoted a token";
  return error;
}

}  // namespace secretfs::remote
