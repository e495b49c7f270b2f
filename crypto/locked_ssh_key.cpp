#include "crypto/locked_ssh_key.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "crypto/ssh_recipient.h"
#include "crypto/unwrap.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kUnderPassphrase = " under a passphrase";

class LockedSshKey final : public Identity {
 public:
  LockedSshKey(std::string type, SshPublicKey public_key, const SshKeyHelp& help, Lock::Open open)
      : type_(std::move(type)),
        public_key_(std::move(public_key)),
        lock_(help.name, help.passphrases, std::move(open)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    return UnwrapFirst(stanzas, type_, [this](const Stanza& stanza) { return UnwrapOne(stanza); });
  }

  [[nodiscard]] Cost cost() const override {
    return lock_.Unlocked().empty() ? Cost::kPassphraseForIts : Cost::kNone;
  }

  [[nodiscard]] std::string Describe() const override {
    std::string text = type_ + " " + public_key_.fingerprint();
    if (lock_.Unlocked().empty()) text.append(kUnderPassphrase);
    return text;
  }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override {
    return MakeSshRecipient(public_key_.wire());
  }

 private:
  /// Without a tag a stanza is malformed, as the key would find too.
  [[nodiscard]] Result<SecretBytes> UnwrapOne(const Stanza& stanza) const {
    if (stanza.args.empty()) return RequireArguments(stanza, 1).error();
    if (stanza.args[0] != public_key_.tag()) return OtherKey(stanza);
    return TRY(lock_.Unlock()).front()->Unwrap({&stanza, 1});
  }

  std::string type_;
  SshPublicKey public_key_;
  Lock lock_;
};

class LockedPemKey final : public Identity {
 public:
  LockedPemKey(std::vector<std::string> types, const SshKeyHelp& help, Lock::Open open)
      : types_(std::move(types)), lock_(help.name, help.passphrases, std::move(open)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    const auto may_fit = [this](const Stanza& stanza) {
      return std::ranges::find(types_, stanza.type) != types_.end();
    };
    if (std::ranges::none_of(stanzas, may_fit)) {
      return Error{Code::kNoMatch, "the file has no " + Join(types_, " or ") + " stanza", "", ""};
    }
    return TRY(lock_.Unlock()).front()->Unwrap(stanzas);
  }

  [[nodiscard]] Cost cost() const override {
    return lock_.Unlocked().empty() ? Cost::kPassphrase : Cost::kNone;
  }

  [[nodiscard]] std::string Describe() const override {
    const auto unlocked = lock_.Unlocked();
    if (!unlocked.empty()) return unlocked.front()->Describe();
    return std::string("SSH key ").append(Printable(lock_.name())).append(kUnderPassphrase);
  }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override {
    return TRY(lock_.UnlockToEncrypt()).front()->ToRecipient();
  }

 private:
  std::vector<std::string> types_;
  Lock lock_;
};

}  // namespace

IdentityPtr MakeLockedSshKey(std::string type, SshPublicKey public_key, const SshKeyHelp& help,
                             Lock::Open open) {
  return std::make_shared<LockedSshKey>(std::move(type), std::move(public_key), help,
                                        std::move(open));
}

IdentityPtr MakeLockedSshKey(std::vector<std::string> types, const SshKeyHelp& help,
                             Lock::Open open) {
  return std::make_shared<LockedPemKey>(std::move(types), help, std::move(open));
}

}  // namespace secretfs::age
