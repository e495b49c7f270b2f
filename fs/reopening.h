// Why a server could not go on with a file that was opened in one before. Says nothing of content.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace secretfs::fs {

struct ReopenFailure {
  /// Counted in the state (fs/state_layout.h) by these numbers, so they mean the same in each
  /// version.
  enum class Reason {
    kUnknown,  // nobody wrote down what was opened: ESTALE
    kGone,     // no such file is declared any more: ESTALE
    kChanged,  // it has another version: ESTALE
    kLate,     // the value did not come in time: ETIMEDOUT
    kFailed,   // the value cannot be had: the errno that an open would get
  };
  Reason reason = Reason::kUnknown;
  std::string name;  // of the file, if it is known
  std::string why;   // of kLate and kFailed
};

constexpr size_t kReopenReasons = 5;

/// "changed"
constexpr std::string_view ReasonName(ReopenFailure::Reason reason) noexcept {
  constexpr std::string_view kNames[]{"unknown", "gone", "changed", "late", "failed"};
  static_assert(std::size(kNames) == kReopenReasons);
  return kNames[static_cast<size_t>(reason)];
}

}  // namespace secretfs::fs
