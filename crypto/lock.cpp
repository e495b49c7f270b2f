#include "crypto/lock.h"

#include <algorithm>
#include <utility>

namespace secretfs::age {
namespace {

constexpr size_t kMostFailures = 16;

/// A lack of memory passes; what else was wrong stays wrong.
bool IsLasting(const Error& error) { return error.code != Code::kResource; }

}  // namespace

std::span<const IdentityPtr> Lock::Unlocked() const {
  const std::lock_guard lock(mutex_);
  return unlocked_;
}

Result<std::span<const IdentityPtr>> Lock::Unlock() const {
  if (const auto unlocked = Unlocked(); !unlocked.empty()) return unlocked;
  const std::lock_guard one_opens(opening_);
  if (const auto unlocked = Unlocked(); !unlocked.empty()) return unlocked;
  auto passphrases = PassphrasesFor(ask_, name_);
  if (!passphrases) return Refused(std::move(passphrases).error());
  Error reason;
  for (const SecretPtr& passphrase : *passphrases) {
    auto identities = Try(passphrase);
    if (identities) {
      open_ = nullptr;
      failures_.clear();
      const std::lock_guard lock(mutex_);
      unlocked_ = *std::move(identities);
      return std::span<const IdentityPtr>(unlocked_);
    }
    reason = std::move(identities).error();
  }
  return Refused(std::move(reason));
}

Error Lock::Refused(Error reason) const {
  if (reason.where == name_) reason.where.clear();
  return {Code::kNoMatch, reason.Text(), name_, std::move(reason.hint)};
}

Result<std::span<const IdentityPtr>> Lock::UnlockToEncrypt() const {
  auto identities = Unlock();
  if (identities) return identities;
  return Error{Code::kInvalid, identities.error().what, name_, identities.error().hint};
}

Result<std::vector<IdentityPtr>> Lock::Try(const SecretPtr& passphrase) const {
  const auto before = std::ranges::find_if(failures_, [&](const Failure& failure) {
    return ConstantTimeEqual(failure.passphrase->Expose(), passphrase->Expose());
  });
  if (before != failures_.end()) return before->error;
  auto identities = open_(passphrase);
  if (!identities && IsLasting(identities.error())) {
    if (failures_.size() == kMostFailures) failures_.pop_front();
    failures_.push_back({passphrase, identities.error()});
  }
  return identities;
}

}  // namespace secretfs::age
