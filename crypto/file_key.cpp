#include "crypto/file_key.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "crypto/hybrid.h"
#include "crypto/recipients_mark.h"

namespace secretfs::age {
namespace {

constexpr size_t kMostNamed = 16;  // of each list in a message
constexpr size_t kLongestName = 40;
constexpr size_t kTagColumns = 6;
constexpr size_t kSharedColumns =
    5;  // of a tag and a fingerprint: both begin with the same 30 bits

std::string Describe(const Stanza& stanza) {
  std::string text = stanza.type.substr(0, kLongestName);
  const bool of_ssh_key = text.starts_with("ssh-");
  if (of_ssh_key && !stanza.args.empty() && stanza.args[0].size() == kTagColumns) {
    text += " SHA256:" + stanza.args[0].substr(0, kSharedColumns) + "...";
  }
  return text;
}

void AppendNew(std::vector<std::string>& list, const std::string& text) {
  if (!text.empty() && std::ranges::find(list, text) == list.end()) list.push_back(text);
}

bool IsForHardware(const Stanza& stanza) {  // C2SP age.md, "The tagged recipient types"
  return stanza.type == "p256tag" || stanza.type == "mlkem768p256tag";
}

/// What would help, given what the file has; or nothing.
std::string Advice(std::span<const Stanza> stanzas) {
  if (std::ranges::find(stanzas, kHybridType, &Stanza::type) != stanzas.end() &&
      !HybridSupported()) {
    return "this build has no post-quantum keys: " + std::string(kHybridHint);
  }
  if (std::ranges::all_of(stanzas, IsForHardware)) {
    return "only the plugin of the hardware key opens it, such as age-plugin-yubikey, "
           "age-plugin-tpm or age-plugin-se";
  }
  return {};
}

/// What was tried, and what may help.
struct Attempts {
  std::vector<std::string> tried;
  std::vector<std::string> hints;
  std::vector<Error> warnings;
  size_t count = 0;
  bool for_others = true;  // is all that they say

  void Add(const Identity& identity, const Error& reason) {
    for_others = for_others && reason.where.empty();
    if (++count > kMostNamed) return;
    tried.push_back(identity.Describe() + " (" + reason.what + ")");
    AppendNew(hints, reason.hint);
    if (reason.where.empty()) return;  // nothing is wrong with it
    warnings.push_back({Code::kNoMatch, tried.back(), "", reason.hint});
  }
};

std::string Tried(const Attempts& attempts) {
  if (attempts.count == 0) return "no identity was given";
  std::string text = "tried " + Join(attempts.tried, "; ");
  if (attempts.count > kMostNamed) {
    text += "; and " + std::to_string(attempts.count - kMostNamed) + " more";
  }
  return text;
}

Error NoMatch(const Header& header, const Attempts& attempts) {
  std::vector<std::string> hints = attempts.hints;
  AppendNew(hints, Advice(header.stanzas));
  if (hints.empty() && attempts.count > 0 && attempts.for_others) {
    hints.emplace_back(kForOthersHint);
  }
  hints.insert(hints.begin(), Tried(attempts));
  return {Code::kNoMatch,
          "no identity matched; the file is encrypted to: " + Join(DescribeStanzas(header.stanzas)),
          "", Join(hints, "; ")};
}

}  // namespace

std::vector<std::string> DescribeStanzas(std::span<const Stanza> stanzas) {
  std::vector<std::pair<std::string, size_t>> kinds;
  for (const Stanza& stanza : stanzas) {
    if (stanza.type == kRecipientsMarkType) continue;  // opens nothing
    const std::string text = Describe(stanza);
    const auto at = std::ranges::find(kinds, text, &std::pair<std::string, size_t>::first);
    if (at == kinds.end()) {
      kinds.emplace_back(text, 1);
    } else {
      ++at->second;
    }
  }
  std::vector<std::string> texts;
  for (const auto& [text, count] : kinds) {
    if (texts.size() == kMostNamed) {
      texts.push_back("and " + std::to_string(kinds.size() - kMostNamed) + " other kinds");
      break;
    }
    texts.push_back(count == 1 ? text : std::to_string(count) + " x " + text);
  }
  return texts;
}

Result<SecretBytes> UnwrapFileKey(const Header& header, std::span<const IdentityPtr> identities,
                                  std::vector<Error>& warnings) {
  TRY(CheckScryptAlone(header));
  Attempts attempts;
  for (const IdentityPtr& identity : CheapestFirst(identities)) {
    auto file_key = identity->Unwrap(header.stanzas);
    if (file_key && file_key->size() != kFileKeyBytes) {
      return Error{Code::kHeader, "the file key is not 16 bytes", "", ""};
    }
    if (file_key) warnings = std::move(attempts.warnings);
    if (file_key || file_key.error().code != Code::kNoMatch) return file_key;
    attempts.Add(*identity, file_key.error());
  }
  return NoMatch(header, attempts);
}

}  // namespace secretfs::age
