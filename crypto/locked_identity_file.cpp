#include "crypto/locked_identity_file.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "crypto/age.h"
#include "crypto/age_file.h"
#include "crypto/lock.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kScryptType = "scrypt";
constexpr size_t kMostNamed = 4;  // in a message

bool IsScrypt(const Stanza& stanza) { return stanza.type == kScryptType; }

void AppendNew(std::vector<std::string>& list, std::string text) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
}

std::string JoinFew(std::vector<std::string> texts, std::string_view separator) {
  const size_t count = texts.size();
  if (count > kMostNamed) {
    texts.resize(kMostNamed);
    texts.push_back("and " + std::to_string(count - kMostNamed) + " more");
  }
  return Join(texts, separator);
}

class LockedIdentityFile final : public Identity {
 public:
  LockedIdentityFile(ByteView content, const std::string& name, const IdentityHelp& help,
                     ParseUnlocked parse)
      : content_(content.begin(), content.end()),
        parse_(std::move(parse)),
        max_work_factor_(help.max_work_factor),
        lock_(name, help.passphrases,
              [this](const SecretPtr& passphrase) { return Open(passphrase); }) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    if (std::ranges::all_of(stanzas, IsScrypt)) {  // which no identity in a file opens
      return Error{Code::kNoMatch, "the file is under a passphrase of its own", "", ""};
    }
    Error none{Code::kNoMatch, "", "", ""};
    std::vector<std::string> reasons;
    for (const IdentityPtr& identity : CheapestFirst(TRY(lock_.Unlock()))) {
      auto file_key = identity->Unwrap(stanzas);
      if (file_key || file_key.error().code != Code::kNoMatch) return file_key;
      AppendNew(reasons, std::move(file_key.error().what));
      if (none.where.empty()) none.where = std::move(file_key.error().where);
      if (none.hint.empty()) none.hint = std::move(file_key.error().hint);
    }
    for (const Error& problem : problems_) {
      reasons.push_back(problem.Text());
      none.where = lock_.name();
    }
    none.what = JoinFew(std::move(reasons), "; ");
    return none;
  }

  /// Once it is open, that of the dearest in it.
  [[nodiscard]] Cost cost() const override {
    const auto unlocked = lock_.Unlocked();
    if (unlocked.empty()) return Cost::kPassphrase;
    Cost most = Cost::kNone;
    for (const IdentityPtr& identity : unlocked) most = std::max(most, identity->cost());
    return most;
  }

  [[nodiscard]] std::string Describe() const override {
    std::string text = "identity file " + Printable(lock_.name());
    std::vector<std::string> inside;
    for (const IdentityPtr& identity : lock_.Unlocked()) inside.push_back(identity->Describe());
    if (inside.empty()) return text + " under a passphrase";
    return text + " with " + JoinFew(std::move(inside), ", ");
  }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override {
    auto recipients = TRY(ToRecipients());
    if (recipients.size() == 1) return std::move(recipients.front());
    return Error{Code::kUnsupported, "the identity file holds several identities", lock_.name(),
                 ""};
  }

  [[nodiscard]] Result<std::vector<RecipientPtr>> ToRecipients() const override {
    std::vector<RecipientPtr> recipients;
    const auto identities = TRY(lock_.UnlockToEncrypt());
    // What is encrypted to fewer than was meant helps nobody.
    if (!problems_.empty()) return problems_.front();
    for (const IdentityPtr& identity : identities) {
      for (RecipientPtr& recipient : TRY(identity->ToRecipients())) {
        recipients.push_back(std::move(recipient));
      }
    }
    return recipients;
  }

 private:
  /// Called by the lock, one at a time, and not again once it succeeded.
  Result<std::vector<IdentityPtr>> Open(const SecretPtr& passphrase) const {
    const auto one = [&passphrase](const std::string& /*of*/) {
      return std::vector<SecretPtr>{passphrase};
    };
    const IdentityPtr identity = TRY(MakePassphraseIdentity(one, max_work_factor_));
    MemorySource in(content_);
    auto plaintext = DecryptAll(in, {&identity, 1}, kMaxIdentityFileBytes);
    if (!plaintext && plaintext.error().code == Code::kNoMatch) {
      return Error{Code::kNoMatch, "wrong passphrase", "", ""};
    }
    if (!plaintext) {
      plaintext.error().where = lock_.name();
      return std::move(plaintext).error();
    }
    auto parsed = TRY(parse_(*plaintext));
    problems_ = std::move(parsed.problems);
    content_ = {};
    return std::move(parsed.identities);
  }

  mutable Bytes content_;  // the file, until it is unlocked
  ParseUnlocked parse_;
  int max_work_factor_;
  mutable std::vector<Error> problems_;  // of lines that gave no identity; once unlocked
  Lock lock_;
};

}  // namespace

Result<IdentityPtr> MakeLockedIdentityFile(ByteView content, const std::string& name,
                                           const IdentityHelp& help, ParseUnlocked parse) {
  MemorySource in(content);
  const auto file = AgeFile::Open(in);
  if (!file) {
    return Error{Code::kInvalid, "a damaged identity file: " + file.error().what, "", ""};
  }
  const auto& stanzas = (*file)->header().stanzas;
  if (stanzas.size() != 1 || !IsScrypt(stanzas.front())) {
    return Error{Code::kInvalid, "an identity file that is encrypted, but not to a passphrase", "",
                 "decrypt it first, or encrypt it with `age -p`"};
  }
  return IdentityPtr(std::make_shared<LockedIdentityFile>(content, name, help, std::move(parse)));
}

}  // namespace secretfs::age
