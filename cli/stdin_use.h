// Who reads standard input. It gives its bytes once, so that a second reader would take from the
// first: a command names its readers here, before any of them reads.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace secretfs {

class StdinUse {
 public:
  /// `what` in words for messages: "the plaintext", "-i -".
  void Add(std::string what) { uses_.push_back(std::move(what)); }
  /// The same if `file` names standard input.
  void AddFile(const std::string& file, std::string what);
  /// Those of `files` that an option named.
  void AddFiles(std::span<const std::string> files, const std::string& option);

  /// Errors: kInvalid when there are several, naming them; it is wrong usage.
  [[nodiscard]] Status Check() const;

 private:
  std::vector<std::string> uses_;
};

}  // namespace secretfs
