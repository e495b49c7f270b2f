#include "crypto/scrypt.h"

#include <algorithm>
#include <charconv>
#include <mutex>

#include "crypto/base64.h"
#include "crypto/init.h"
#include "crypto/random.h"
#include "crypto/scrypt_key.h"
#include "crypto/unwrap.h"
#include "crypto/wrap.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kType = "scrypt";

/// ^[1-9][0-9]*$ of at most two digits: no factor that anyone can compute is longer.
Result<int> ParseWorkFactor(const Stanza& stanza, const std::string& text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || text.front() == '0' || !std::all_of(text.begin(), text.end(), is_digit)) {
    return StanzaError(stanza, "the work factor is not a decimal number");
  }
  int factor = kHighestWorkFactor + 1;
  if (text.size() <= 2) std::from_chars(text.data(), text.data() + text.size(), factor);
  if (factor > kHighestWorkFactor) return StanzaError(stanza, "the work factor is above 22");
  return factor;
}

using Passphrases = std::vector<SecretPtr>;

constexpr const char* kWhere = "the passphrase";  // is what is to be mended

class PassphraseIdentity final : public Identity {
 public:
  PassphraseIdentity(AskPassphrases ask, int max_work_factor)
      : ask_(std::move(ask)), max_work_factor_(max_work_factor) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    return UnwrapFirst(stanzas, kType, [this](const Stanza& stanza) { return UnwrapOne(stanza); });
  }

  [[nodiscard]] Cost cost() const override { return Cost::kPassphraseForIts; }

  [[nodiscard]] std::string Describe() const override { return "scrypt passphrase"; }

 private:
  [[nodiscard]] Result<SecretBytes> UnwrapOne(const Stanza& stanza) const {
    TRY(RequireArguments(stanza, 2));
    const Bytes salt = TRY(DecodeArgument(stanza, 0, kScryptSaltBytes));
    const int work_factor = TRY(ParseWorkFactor(stanza, stanza.args[1]));
    if (work_factor > max_work_factor_) {
      return Error{Code::kTooLarge,
                   "the passphrase has work factor " + std::to_string(work_factor) +
                       ", above the limit of " + std::to_string(max_work_factor_),
                   "", "raise the limit, or encrypt the file again with a lower work factor"};
    }
    TRY(RequireFileKeyBody(stanza));
    const Passphrases passphrases = TRY(Candidates());
    for (const SecretPtr& passphrase : passphrases) {
      const SecretPtr wrap_key = TRY(keys_.Get(passphrase, salt, work_factor));
      auto file_key = OpenFileKey(stanza, *wrap_key);
      if (file_key) Keep(passphrases);
      if (file_key || file_key.error().code != Code::kNoMatch) return file_key;
    }
    return Error{Code::kNoMatch, "wrong passphrase", kWhere, ""};
  }

  /// Those that were right before, or the answer to the question, which is put once at a time.
  [[nodiscard]] Result<Passphrases> Candidates() const {
    const std::lock_guard lock(asking_);
    if (!right_.empty()) return right_;
    auto passphrases = PassphrasesFor(ask_, "the file");
    if (!passphrases) passphrases.error().where = kWhere;
    return passphrases;
  }

  void Keep(const Passphrases& passphrases) const {
    const std::lock_guard lock(asking_);
    right_ = passphrases;
  }

  AskPassphrases ask_;
  int max_work_factor_;
  mutable ScryptKeys keys_;
  mutable std::mutex asking_;
  mutable Passphrases right_;  // of an answer that had the right one
};

std::string RandomWord(size_t bytes) {
  Bytes random(bytes);
  crypto::FillRandom(random);
  return crypto::EncodeBase64(random, crypto::Padding::kNone);
}

class PassphraseRecipient final : public Recipient {
 public:
  PassphraseRecipient(SecretPtr passphrase, int work_factor)
      : passphrase_(std::move(passphrase)), work_factor_(work_factor) {}

  [[nodiscard]] Result<Wrapped> Wrap(const SecretBytes& file_key) const override {
    constexpr size_t kLabelBytes = 16;
    Bytes salt(kScryptSaltBytes);
    crypto::FillRandom(salt);
    const auto wrap_key = TRY(DeriveScryptKey(passphrase_->Expose(), salt, work_factor_));
    Wrapped wrapped = OneStanza(
        kType, {crypto::EncodeBase64(salt, crypto::Padding::kNone), std::to_string(work_factor_)},
        SealFileKey(wrap_key, file_key));
    wrapped.labels.push_back(RandomWord(kLabelBytes));
    return wrapped;
  }

  [[nodiscard]] std::string Text() const override { return "passphrase"; }

 private:
  SecretPtr passphrase_;
  int work_factor_;
};

}  // namespace

Result<IdentityPtr> MakePassphraseIdentity(AskPassphrases ask, int max_work_factor) {
  TRY(InitCrypto());
  if (max_work_factor < 1 || max_work_factor > kHighestWorkFactor) {
    return Error{Code::kInvalid, "the limit of the work factor is not between 1 and 22", "", ""};
  }
  return IdentityPtr(std::make_shared<PassphraseIdentity>(std::move(ask), max_work_factor));
}

Result<IdentityPtr> MakePassphraseIdentity(SecretBytes passphrase, int max_work_factor) {
  if (passphrase.empty()) return Error{Code::kInvalid, "the passphrase is empty", "", ""};
  const auto known = std::make_shared<const SecretBytes>(std::move(passphrase));
  return MakePassphraseIdentity([known](const std::string& /*of*/) { return Passphrases{known}; },
                                max_work_factor);
}

Result<RecipientPtr> MakePassphraseRecipient(SecretPtr passphrase, int work_factor) {
  TRY(InitCrypto());
  if (passphrase == nullptr || passphrase->empty()) {
    return Error{Code::kInvalid, "the passphrase is empty", "", ""};
  }
  if (work_factor < 1 || work_factor > kHighestWorkFactor) {
    return Error{Code::kInvalid, "the work factor is not between 1 and 22", "", ""};
  }
  return RecipientPtr(std::make_shared<PassphraseRecipient>(std::move(passphrase), work_factor));
}

}  // namespace secretfs::age
