#include "crypto/recipient_file.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/bech32.h"
#include "crypto/hybrid.h"
#include "crypto/init.h"
#include "crypto/key_lines.h"
#include "crypto/ssh_recipient.h"
#include "crypto/x25519.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kNativePrefix = "age";
constexpr std::string_view kHybridPrefix = "age1pq";
constexpr std::string_view kPluginPrefix = "age1";  // and the plugin's name
constexpr std::string_view kForms =
    "a recipient begins with age1, ssh-ed25519 or ssh-rsa, and stands alone on its line";

Error Invalid(std::string what, std::string hint = {}) {
  return {Code::kInvalid, std::move(what), "", std::move(hint)};
}

bool StartsWithAnyCase(std::string_view text, std::string_view upper_case_prefix) {
  const auto equal = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; };
  return text.size() >= upper_case_prefix.size() &&
         std::equal(upper_case_prefix.begin(), upper_case_prefix.end(), text.begin(),
                    [&](char b, char a) { return equal(a, b); });
}

bool IsSecretKey(std::string_view text) {
  return StartsWithAnyCase(text, "AGE-SECRET-KEY-") || StartsWithAnyCase(text, "AGE-PLUGIN-") ||
         text.starts_with("-----BEGIN");
}

Error SecretKeyGiven() {
  return Invalid("a secret key, where a recipient (public key) is needed",
                 "`secretfs keygen -y FILE` prints the recipients of an identity file; to encrypt "
                 "to its identities, use -i FILE");
}

Error UnknownText(std::string_view text) {
  if (text.find(" ssh-") != std::string_view::npos ||
      text.find(" ecdsa-") != std::string_view::npos ||
      text.find(" sk-") != std::string_view::npos) {
    return Invalid("there is something before the SSH public key",
                   "leave out the options of authorized_keys");
  }
  return Invalid("not a recipient", std::string(kForms));
}

Result<RecipientPtr> ParsePluginRecipient(std::string_view text, const PluginHostPtr& plugins) {
  if (plugins != nullptr) return MakePluginRecipient(text, plugins);
  return Error{Code::kUnsupported,
               "a recipient of an age plugin, and no folder of plugins is given", "",
               "give --plugin-dir DIR"};
}

/// Where this build cannot, age-plugin-pq may.
Result<RecipientPtr> ParseHybridRecipient(std::string_view text, ByteView key,
                                          const PluginHostPtr& plugins) {
  const bool by_plugin = !HybridSupported() && plugins != nullptr;
  if (by_plugin && key.size() == kHybridRecipientBytes) return MakePluginRecipient(text, plugins);
  return MakeHybridRecipient(key);
}

Result<RecipientPtr> ParseAgeRecipient(std::string_view text, const PluginHostPtr& plugins) {
  const auto decoded = crypto::DecodeBech32(AsBytes(text));
  if (!decoded) {
    if (decoded.error().code != Code::kInvalid) return decoded.error();
    return Invalid("a damaged recipient: " + decoded.error().what);
  }
  const ByteView key = decoded->data.Expose();
  if (decoded->prefix == kNativePrefix) return MakeX25519Recipient(key);
  if (decoded->prefix == kHybridPrefix) return ParseHybridRecipient(text, key, plugins);
  if (decoded->prefix.starts_with(kPluginPrefix)) return ParsePluginRecipient(text, plugins);
  return UnknownText(text);
}

Error At(Error error, const std::string& where) {
  error.where = where;
  return error;
}

}  // namespace

Result<RecipientPtr> ParseRecipient(std::string_view text, const PluginHostPtr& plugins) {
  TRY(InitCrypto());
  if (IsSecretKey(text)) return SecretKeyGiven();
  if (text.starts_with("age1")) return ParseAgeRecipient(text, plugins);
  if (StartsWithAnyCase(text, "AGE1"))
    return Invalid("a recipient in upper case", "write it in lower case");
  if (LooksLikeSshKey(text)) return ParseSshRecipient(text);
  return UnknownText(text);
}

Result<std::vector<RecipientPtr>> ParseRecipientFile(ByteView content, const std::string& name,
                                                     const PluginHostPtr& plugins) {
  const std::string_view text = AsText(content);
  if (text.size() > kMaxRecipientFileBytes) {
    return Error{Code::kTooLarge, "a file of recipients is at most 16 MiB", name, ""};
  }
  std::vector<RecipientPtr> recipients;
  KeyLines lines(text);
  while (const auto line = lines.Next()) {
    auto recipient = ParseRecipient(*line, plugins);
    if (!recipient) {
      return At(std::move(recipient).error(), name + ":" + std::to_string(lines.number()));
    }
    recipients.push_back(*std::move(recipient));
  }
  if (recipients.empty())
    return At(Invalid("there is no recipient in the file", std::string(kForms)), name);
  return recipients;
}

}  // namespace secretfs::age
