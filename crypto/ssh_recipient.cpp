#include "crypto/ssh_recipient.h"

#include <algorithm>
#include <array>

#include "crypto/base64.h"
#include "crypto/ssh_ed25519.h"
#include "crypto/ssh_rsa.h"
#include "crypto/ssh_wire.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kEd25519 = "ssh-ed25519";
constexpr std::string_view kRsa = "ssh-rsa";
constexpr std::array<std::string_view, 3> kPrefixes{"ssh-", "ecdsa-sha2-", "sk-"};

bool IsKeyType(std::string_view word) {
  return std::ranges::any_of(kPrefixes, [&](auto prefix) { return word.starts_with(prefix); });
}

std::string_view FirstWord(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t"));
}

/// What comes behind the first word and the blanks after it.
std::string_view BehindFirstWord(std::string_view text) {
  text.remove_prefix(FirstWord(text).size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

Error Damaged() { return {Code::kInvalid, "a damaged SSH public key", "", ""}; }

/// Of a type that is neither of the two.
Error OtherKind(std::string_view type) {
  if (type.find("-cert-v") != std::string_view::npos) {
    return {Code::kUnsupported, "an SSH certificate", "",
            "encrypt to the public key itself, in the file without '-cert'"};
  }
  if (type.starts_with("sk-")) {
    return {Code::kUnsupported, "an SSH key on a security token, which can sign but not decrypt",
            "", "only ssh-ed25519 and ssh-rsa keys can decrypt; for tokens there are age plugins"};
  }
  return {Code::kUnsupported, "an SSH key that age cannot encrypt to", "",
          "only ssh-ed25519 and ssh-rsa keys can decrypt"};
}

}  // namespace

bool LooksLikeSshKey(std::string_view line) noexcept { return IsKeyType(FirstWord(line)); }

Result<RecipientPtr> ParseSshRecipient(std::string_view line) {
  const std::string_view type = FirstWord(line);
  if (type != kEd25519 && type != kRsa) return OtherKind(type);
  const auto wire =
      crypto::DecodeBase64(FirstWord(BehindFirstWord(line)), crypto::Padding::kRequired);
  if (!wire) return Damaged();
  WireReader fields(*wire);
  if (AsText(TRY(fields.String())) != type) return Damaged();
  return MakeSshRecipient(*wire);
}

Result<RecipientPtr> MakeSshRecipient(ByteView wire) {
  WireReader fields(wire);
  const std::string_view type = AsText(TRY(fields.String()));
  if (type != kEd25519 && type != kRsa) return OtherKind(type);
  RecipientPtr recipient;
  if (type == kEd25519) {
    recipient = TRY(MakeSshEd25519Recipient(TRY(fields.String())));
  } else {
    const ByteView exponent = TRY(fields.Natural());
    recipient = TRY(MakeSshRsaRecipient(exponent, TRY(fields.Natural())));
  }
  // A key that is spelt otherwise than it should would have another fingerprint than its identity.
  if (SshPublicKey(Bytes(wire.begin(), wire.end())).text() != recipient->Text()) return Damaged();
  return recipient;
}

}  // namespace secretfs::age
