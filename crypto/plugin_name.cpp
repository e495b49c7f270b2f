#include "crypto/plugin_name.h"

#include <algorithm>

#include "crypto/bech32.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kIdentityStart = "AGE-PLUGIN-";
constexpr std::string_view kRecipientStart = "age1";
constexpr size_t kLongestName = 100;

bool MayBeInName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' ||
         c == '_';
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Error Damaged(std::string_view kind, const std::string& what) {
  return {Code::kInvalid, "a damaged plugin " + std::string(kind) + ": " + what, "", ""};
}

Result<std::string> Prefix(ByteView text, std::string_view kind) {
  auto decoded = crypto::DecodeBech32(text);
  if (decoded) return std::move(decoded->prefix);
  if (decoded.error().code != Code::kInvalid) return std::move(decoded).error();
  return Damaged(kind, decoded.error().what);
}

Result<std::string> Checked(std::string name, std::string_view kind) {
  if (IsPluginName(name)) return name;
  return Damaged(kind, "not the name of a plugin");
}

}  // namespace

bool IsPluginName(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, MayBeInName) &&
         !name.starts_with('.') && name.find("..") == std::string_view::npos;
}

Result<std::string> PluginNameOfIdentity(ByteView line) {
  const std::string prefix = TRY(Prefix(line, "identity"));
  if (!prefix.starts_with(kIdentityStart) || !prefix.ends_with('-') ||
      prefix.size() <= kIdentityStart.size()) {
    return Damaged("identity", "not AGE-PLUGIN-NAME-1...");
  }
  std::string name = prefix.substr(kIdentityStart.size());
  name.pop_back();
  std::ranges::transform(name, name.begin(), Lower);
  return Checked(std::move(name), "identity");
}

Result<std::string> PluginNameOfRecipient(std::string_view text) {
  const std::string prefix = TRY(Prefix(AsBytes(text), "recipient"));
  if (!prefix.starts_with(kRecipientStart)) return Damaged("recipient", "not age1NAME1...");
  return Checked(prefix.substr(kRecipientStart.size()), "recipient");
}

}  // namespace secretfs::age
