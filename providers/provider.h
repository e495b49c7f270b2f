// Provider: gets secrets by reference, before a deadline. One kind is one file here and one line in
// registry.cpp.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/config.h"
#include "core/entry.h"
#include "providers/health.h"

namespace secretfs {

struct FetchRequest {
  std::string document;
  std::vector<std::string> refs{};  // the secrets in it that are declared; of remote sources only
  /// Value::origin_version of what its entry has; nothing when it has none of ours.
  std::optional<std::string> version{};
};

/// Called from any worker, several at a time: implementations are thread-safe.
class Provider {
 public:
  virtual ~Provider() = default;
  /// Without asking anybody; only for kinds that are sources. Errors: kInvalid with a hint.
  [[nodiscard]] virtual Status CheckRef(const std::string& /*ref*/) const { return Ok{}; }
  /// The document that has the secret `ref`. Several secrets may share one, which is then fetched
  /// once for all: a SOPS file, a table of tokens, an item. Of a kind that secrets name directly it
  /// is the secret itself.
  [[nodiscard]] virtual std::string DocumentOf(const std::string& ref) const { return ref; }
  /// The absolute paths of the files that `document` is made from, which are watched. None for what
  /// is not in files here.
  [[nodiscard]] virtual std::vector<std::string> FilesOf(const std::string& /*document*/) const {
    return {};
  }
  /// A document, or the one file that a secret is. May block until the deadline. Errors say what is
  /// wrong with what, with a hint, and never quote content.
  virtual Result<Value> Fetch(const FetchRequest& request, SteadyTime deadline,
                              std::stop_token stop) = 0;
  /// The secret `ref` out of its document; only for kinds that are sources. Does not block. Errors:
  /// kNotFound.
  [[nodiscard]] virtual Result<Value> Select(const Value& /*document*/,
                                             const std::string& /*ref*/) const {
    return Error{Code::kUnsupported, "this kind of source has no single secrets", "", ""};
  }
  /// Whether Select() gives something else each time, as for one-time passwords.
  [[nodiscard]] virtual bool IsComputed(const std::string& /*ref*/) const { return false; }

  /// Of remote sources only.
  [[nodiscard]] virtual std::optional<RemoteTerms> terms() const { return std::nullopt; }
  [[nodiscard]] virtual std::optional<SourceHealth> Health() const { return std::nullopt; }
  /// The next Fetch of this document asks the store although a pause is not over; a budget stays.
  virtual void Insist(const std::string& /*document*/) {}
  /// What did not answer before may do so now.
  virtual void NetworkChanged() {}
  /// False: a reload makes it anew, since it may be better then.
  [[nodiscard]] virtual bool lasting() const { return true; }
  /// Ends what it keeps running; nothing is fetched afterwards, and what is under way fails soon.
  virtual void Stop() {}
};

}  // namespace secretfs
