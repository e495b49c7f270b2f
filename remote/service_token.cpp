#include "remote/service_token.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "crypto/base64.h"
#include "remote/secret_json.h"

namespace secretfs::remote {
namespace {

constexpr std::string_view kPrefix = "ops_";

Error Refused(std::string what, const std::string& where, std::string hint = {}) {
  if (hint.empty()) hint = "copy the whole token of the service account into this file";
  return {Code::kRefused, std::move(what), where, std::move(hint)};
}

/// Of base64url, for the decoder of the other alphabet; '.' is in none.
char Standard(char c) {
  if (c == '-') return '+';
  if (c == '_') return '/';
  return c == '+' || c == '/' ? '.' : c;
}

/// The JSON in it; nothing when it is not base64url without padding.
Result<SecretBytes> Decode(std::string_view text, const std::string& where) {
  const auto standard = TRY(SecretBytes::Make(text.size(), [&](ByteSpan into) -> Result<size_t> {
    std::ranges::transform(text, into.begin(),
                           [](char c) { return static_cast<std::byte>(Standard(c)); });
    return text.size();
  }));
  return SecretBytes::Make(
      crypto::DecodedCapacity(text.size()), [&](ByteSpan into) -> Result<size_t> {
        const auto size =
            crypto::DecodeBase64Into(into, AsText(standard.Expose()), crypto::Padding::kNone);
        if (!size) return Refused("the service account's token is cut off or damaged", where);
        return *size;
      });
}

bool IsHexadecimal(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
}

/// The name of the first part that is missing or malformed, or "".
std::string_view WhatIsWrong(const SecretJson& token) {
  for (const std::string_view name : {"signInAddress", "email", "deviceUuid"}) {
    if (TextOr(token, name).empty()) return name;
  }
  const SecretJson* login = FindMember(token, "userAuth");
  if (login == nullptr) return "userAuth";
  for (const std::string_view name : {"method", "alg", "salt"}) {
    if (TextOr(*login, name).empty()) return "userAuth";
  }
  const SecretJson* iterations = FindMember(*login, "iterations");
  if (iterations == nullptr || !iterations->is_number()) return "userAuth";
  if (!IsHexadecimal(TextOr(token, "srpX"))) return "srpX";
  const SecretJson* key = FindMember(token, "muk");
  if (key == nullptr || !key->is_object()) return "muk";
  if (!TextOr(token, "secretKey").starts_with("A3-")) return "secretKey";
  return {};
}

/// The token is shown to nobody else.
bool IsOf1Password(std::string_view address) {
  if (address.starts_with("https://")) address.remove_prefix(8);
  if (address.ends_with('/')) address.remove_suffix(1);
  constexpr std::string_view kHost = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  if (address.find_first_not_of(kHost) != std::string_view::npos) return false;
  constexpr std::array<std::string_view, 3> kDomains{".1password.com", ".1password.ca",
                                                     ".1password.eu"};
  return std::ranges::any_of(kDomains, [&](std::string_view domain) {
    return address.ends_with(domain) && address.size() > domain.size();
  });
}

}  // namespace

Result<ServiceToken> CheckServiceToken(ByteView token, const std::string& where) {
  const std::string_view text = AsText(token);
  if (!text.starts_with(kPrefix)) {
    const bool web = text.starts_with("eyJ");
    return Refused("is no token of a service account: it does not begin with 'ops_'", where,
                   web ? "this may be a token of a Connect server: set `connect` to its URL" : "");
  }
  const auto json = TRY(Decode(text.substr(kPrefix.size()), where));
  const auto parsed = ParseSecretJson(json.Expose(), where);
  if (!parsed && parsed.error().code == Code::kResource) return parsed.error();
  if (!parsed || !parsed->is_object()) {
    return Refused("the service account's token is cut off or damaged", where);
  }
  const std::string_view wrong = WhatIsWrong(*parsed);
  if (!wrong.empty()) {
    return Refused("the service account's token has no valid " + Quote(wrong), where);
  }
  const std::string_view address = TextOr(*parsed, "signInAddress");
  if (!IsOf1Password(address)) {
    return Refused("the service account's token is for a server that is not 1Password's", where,
                   "its address has to end in .1password.com, .1password.ca or .1password.eu");
  }
  return ServiceToken{Printable(TextOr(*parsed, "email").substr(0, 100)),
                      Printable(address.substr(0, 100))};
}

}  // namespace secretfs::remote
