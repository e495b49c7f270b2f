// A lock around identities that lie under a passphrase: opened when they are first needed, once,
// and then kept. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "crypto/identity.h"
#include "crypto/passphrase.h"

namespace secretfs::age {

class Lock {
 public:
  /// Gives what a passphrase opens, at least one identity. Errors: kNoMatch for a wrong one.
  using Open = std::function<Result<std::vector<IdentityPtr>>(const SecretPtr& passphrase)>;

  /// `name` is what the passphrase is asked for.
  Lock(std::string name, AskPassphrases ask, Open open)
      : name_(std::move(name)), ask_(std::move(ask)), open_(std::move(open)) {}

  /// What lies behind. One thread opens while the others wait. A failure is for now: the next call
  /// asks again, but does not try again what was wrong before. Errors: kNoMatch alone, whatever it
  /// was, since another identity may fit; `what` says why, and `where` is the
  /// name.
  Result<std::span<const IdentityPtr>> Unlock() const;

  /// The same, for the recipients. Errors: kInvalid, saying where: there is nothing to match.
  Result<std::span<const IdentityPtr>> UnlockToEncrypt() const;

  /// What Unlock() gave, or nothing.
  [[nodiscard]] std::span<const IdentityPtr> Unlocked() const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  struct Failure {
    SecretPtr passphrase;
    Error error;
  };
  [[nodiscard]] Error Refused(Error reason) const;
  Result<std::vector<IdentityPtr>> Try(const SecretPtr& passphrase) const;

  std::string name_;
  AskPassphrases ask_;
  mutable std::mutex opening_;            // taken before the other; held while asking and opening
  mutable Open open_;                     // with what it holds; gone once it succeeded
  mutable std::deque<Failure> failures_;  // the newest is the last
  mutable std::mutex mutex_;
  mutable std::vector<IdentityPtr> unlocked_;  // does not change once it is not empty
};

}  // namespace secretfs::age
