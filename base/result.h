// Result<T>: a value or an Error, for everything that an outside party can cause (input, disk,
// network, limits). Must be used; reading the side that is not there aborts. Shaped like
// std::expected, so that it can become one. An Error holds words for a person and a class for the
// program, and never a secret value.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace secretfs {

/// The class of a failure: what a program may act on. cli/exit_code.h maps it to an exit code, fs
/// to an errno.
enum class Code {
  kInvalid,      // input that breaks its own rules (configuration, arguments, a file's content)
  kNotFound,     // a thing that is named is not there
  kPermission,   // we may not
  kUnavailable,  // a source does not answer now; trying later may help
  kLimited,      // a source wants to be asked less often, or not before Error::retry_after
  kRefused,      // a source does not take the token that we show
  kTimeout,      // a deadline passed
  kInterrupted,  // who asked does not want it any more
  kTooLarge,     // over a stated limit
  kUnsupported,  // well formed, but not something this build can do
  kResource,     // memory, locked memory or descriptors are used up
  kIo,           // the system failed to read or write
  kNoMatch,      // age: no identity opens the file
  kHeader,       // age: the header breaks the format
  kMac,          // age: the header's MAC is wrong
  kPayload,      // age: the payload is truncated or altered
  kArmor,        // age: the ASCII armor breaks the format
};

struct Error {
  Code code = Code::kInvalid;
  std::string what;       // lower case, no final period
  std::string where;      // file, file:line:column, or empty
  std::string hint;       // how to mend it, or empty
  bool may_come = false;  // what is missing may still appear: a disk, a key, a network, free memory
  std::chrono::seconds retry_after{0};  // a source asked us to stay away for so long; 0: it did not
  /// "where: what"
  [[nodiscard]] std::string Text() const { return where.empty() ? what : where + ": " + what; }
};

/// The value of a Result that only succeeds or fails.
struct Ok {};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return *Get<0>(); }
  const T& value() const& { return *Get<0>(); }
  T&& value() && { return std::move(*Get<0>()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return Get<0>(); }
  const T* operator->() const { return Get<0>(); }

  Error& error() & { return *Get<1>(); }
  const Error& error() const& { return *Get<1>(); }
  Error&& error() && { return std::move(*Get<1>()); }

 private:
  template <size_t I>
  auto* Get() {
    if (auto* side = std::get_if<I>(&state_)) return side;
    Misused();
  }
  template <size_t I>
  const auto* Get() const {
    if (const auto* side = std::get_if<I>(&state_)) return side;
    Misused();
  }
  [[noreturn]] static void Misused() {
    std::fputs("secretfs: bug: the absent side of a Result was read\n", stderr);
    std::abort();
  }
  std::variant<T, Error> state_;
};

using Status = Result<Ok>;

}  // namespace secretfs

/// `auto key = TRY(Load(path));` gives the value, or returns the Error from the enclosing function.
/// Only as a whole statement or initializer; one may stand in a lambda inside another. Not inside
/// the braces of an initializer: returning from there leaks the members made before it (g++,
/// clang).
#define TRY(expression) SECRETFS_TRY_NAMED(SECRETFS_TRY_JOIN(try_result_, __COUNTER__), expression)
#define SECRETFS_TRY_JOIN(a, b) SECRETFS_TRY_JOIN_EXPANDED(a, b)
#define SECRETFS_TRY_JOIN_EXPANDED(a, b) a##b
#define SECRETFS_TRY_NAMED(name, expression)   \
  __extension__({                              \
    auto name = (expression);                  \
    if (!name) return std::move(name).error(); \
    std::move(name).value();                   \
  })
