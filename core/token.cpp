#include "core/token.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace secretfs {
namespace {

constexpr size_t kLongestHost = 253;
constexpr std::array<std::string_view, 8> kTokenPrefixes{"ghp_",   "gho_",   "ghs_",   "ghu_",
                                                         "github", "glpat-", "gloas-", "glcbt-"};

bool IsSurelyHost(std::string_view text) {
  const std::string_view name = text.substr(0, text.find_first_of(":/"));
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".:/-_[]").find(c) != std::string_view::npos;
  });
  const bool dotted =
      name.find('.') != std::string_view::npos || name == "localhost" || text.starts_with('[');
  const bool token =
      !dotted && std::any_of(kTokenPrefixes.begin(), kTokenPrefixes.end(),
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
  constexpr size_t kShort = 20;  // tokens are longer
  return plain && !token && text.size() <= kLongestHost && (dotted || name.size() < kShort);
}

}  // namespace

std::string NameForPeople(const TokenTable& table, size_t index) {
  const std::string& host = table.at(index).host;
  return IsSurelyHost(host) ? host : "entry " + std::to_string(index + 1);
}

}  // namespace secretfs
