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

/// The largest value that is served.
constexpr size_t kMaxSecretBytes = size_t{16} << 20U;

/// Called from any worker, several at a time: implementations are thread-safe. May block until the
/// deadline.
class Provider {
 public:
  virtual ~Provider() = default;
  /// The value behind `ref` (a path, a key; "" asks a token source for its whole table, in
  /// Value::tokens). Errors say what is wrong with what, with a hint, and never quote content.
  virtual Result<Value> Fetch(const std::string& ref, SteadyTime deadline,
                              std::stop_token stop) = 0;
};

}  // namespace secretfs
