#include "crypto/recipients_mark.h"

#include <algorithm>
#include <string>

#include "crypto/base64.h"
#include "crypto/hkdf.h"

namespace secretfs::age {
namespace {

/// The recipients' texts, sorted and each once, a line each.
std::string Lines(std::span<const RecipientPtr> recipients) {
  std::vector<std::string> texts;
  for (const RecipientPtr& recipient : recipients) texts.push_back(recipient->Text());
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  std::string lines;
  for (const std::string& text : texts) lines.append(text).append(1, '\n');
  return lines;
}

}  // namespace

Result<Stanza> MakeRecipientsMark(const SecretBytes& file_key,
                                  std::span<const RecipientPtr> recipients) {
  const auto key = TRY(crypto::HkdfSha256(file_key.Expose(), {}, AsBytes(kRecipientsMarkType)));
  crypto::Sha256Digest mark;
  crypto::HmacSha256(key.Expose(), {AsBytes(Lines(recipients))}, mark);
  return Stanza{
      std::string(kRecipientsMarkType), {crypto::EncodeBase64(mark, crypto::Padding::kNone)}, {}};
}

Result<bool> HasRecipientsMark(std::span<const Stanza> stanzas, const SecretBytes& file_key,
                               std::span<const RecipientPtr> recipients) {
  const Stanza expected = TRY(MakeRecipientsMark(file_key, recipients));
  return std::ranges::any_of(stanzas, [&](const Stanza& stanza) {
    return stanza.type == kRecipientsMarkType && stanza.args == expected.args;
  });
}

}  // namespace secretfs::age
