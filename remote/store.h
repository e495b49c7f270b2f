// RemoteStore: one kind of store that is asked over a network or through a program: 1Password
// Connect, `op`, a helper, Vault. It only asks; when to ask, how often, and what to do when there
// is no answer is decided above it (remote/courtesy.h), and what was had is kept there too.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "core/entry.h"

namespace secretfs::remote {

/// One call of a store: how long it may take, and what it costs.
class Call {
 public:
  virtual ~Call() = default;
  [[nodiscard]] virtual SteadyTime deadline() const noexcept = 0;
  [[nodiscard]] virtual const std::stop_token& stop() const noexcept = 0;
  /// To be called before each `requests` requests that the store counts against a limit. Errors:
  /// kLimited when today's are used up; then they must not be made.
  virtual Status Spend(unsigned requests) = 0;
};

/// Of one document: an item, or whatever one request gives.
struct Wanted {
  std::string document;           // of RemoteStore::DocumentOf
  std::vector<std::string> refs;  // the secrets in it that are declared; none twice
  std::string version;            // that we have, of Given::version; "" when we have none
};

struct Given {
  bool unchanged = false;              // `Wanted::version` is the newest; the rest is empty then
  std::string version;                 // in the store's terms; "" when it has none
  std::vector<FetchedSecret> secrets;  // each of `Wanted::refs` exactly once
};

/// Thread-safe: several documents are fetched at a time. Errors, of Fetch and of single secrets,
/// name what is wrong with what, never quote content or tokens, and are classed so:
///   kUnavailable, kTimeout, kIo   it does not answer, or not sensibly; may be tried again soon
///   kLimited                      asked too often; Error::retry_after if it said when
///   kRefused                      it does not take our token; or we have none
///   kPermission                   the token is good, but not for this
///   kNotFound                     it has no such vault, item or field
///   kInvalid                      what we want is ambiguous or malformed: trying again is vain
class RemoteStore {
 public:
  virtual ~RemoteStore() = default;
  /// Without asking anybody. Errors: kInvalid with a hint.
  [[nodiscard]] virtual Status CheckRef(const std::string& ref) const = 0;
  /// The document that has the secret `ref`, which CheckRef found right.
  [[nodiscard]] virtual std::string DocumentOf(const std::string& ref) const = 0;
  /// Blocks until the call's deadline at most.
  virtual Result<Given> Fetch(const Wanted& wanted, Call& call) = 0;

  /// Whether a secret is computed from what was fetched each time that it is opened, as one-time
  /// passwords are.
  [[nodiscard]] virtual bool IsComputed(const std::string& /*ref*/) const { return false; }
  [[nodiscard]] virtual Result<SecretBytes> Compute(const std::string& ref, ByteView fetched,
                                                    WallTime now) const {
    (void)ref, (void)now;
    return SecretBytes::CopyOf(fetched);
  }
  /// Absolute paths of files whose change may turn a refusal into an answer: the token's.
  [[nodiscard]] virtual std::vector<std::string> Files() const { return {}; }
  /// Ends what it keeps running, such as a helper; calls that are under way fail soon. It may be
  /// called while others fetch; nothing is fetched after it.
  virtual void Stop() {}
};
using RemoteStorePtr = std::shared_ptr<RemoteStore>;

}  // namespace secretfs::remote
