// Provider: gets one secret by a reference, before a deadline. One kind is one file here and one
// line in registry.cpp.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/config.h"
#include "core/entry.h"

namespace secretfs {

/// Called from any worker, several at a time: implementations are thread-safe.
class Provider {
 public:
  virtual ~Provider() = default;
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
  virtual Result<Value> Fetch(const std::string& document, SteadyTime deadline,
                              std::stop_token stop) = 0;
  /// The secret `ref` out of its document; only for kinds that are sources. Does not block. Errors:
  /// kNotFound.
  [[nodiscard]] virtual Result<Value> Select(const Value& /*document*/,
                                             const std::string& /*ref*/) const {
    return Error{Code::kUnsupported, "this kind of source has no single secrets", "", ""};
  }
};

}  // namespace secretfs
