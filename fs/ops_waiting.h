// What the parts of Ops have in common about values that are not there. For fs/ops*.cpp.
#pragma once

#include <optional>
#include <string>

#include "fs/ops.h"

namespace secretfs::fs {

/// The value, if it answers an open as it is.
inline ValuePtr InMemory(const Entry& entry) {
  ValuePtr value = entry.value();
  return value && !value->content ? value : nullptr;
}

inline std::optional<std::chrono::milliseconds> AllowedWait(const Ops::BeforeWait& before_wait,
                                                            std::chrono::milliseconds wait) {
  return before_wait ? before_wait(wait) : wait;
}

/// Whoever waited in vain is told with what he waited for.
inline std::string WhyNot(const Entry& entry, const Error& error) {
  std::string text = error.Text();
  const auto missing = entry.GetReport().error;
  if (error.code == Code::kTimeout && missing) text += ": " + missing->Text();
  return text;
}

}  // namespace secretfs::fs
