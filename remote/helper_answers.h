// What a helper program is asked and what it answers, a line of JSON each (secretfs.yaml(5),
// "HELPER PROGRAMS"):
//   {"refs":["a","b"]}
//   {"ref":"a","value":"text"}  {"ref":"b","value_b64":"AAE="}
//   {"ref":"b","error":"words","class":"not_found","retry_after":60}
//   {"error":"words","class":"limited"}  {"done":true}
// Nothing that a helper answers can touch more than the secrets that it was asked for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/entry.h"

namespace secretfs::remote {

/// With its line end.
std::string HelperRequest(const std::vector<std::string>& refs);

class HelperAnswers {
 public:
  explicit HelperAnswers(const std::vector<std::string>& refs);

  /// A line without its end. Errors: what ends the whole answer: kIo when it is no answer at all,
  /// or there are too many; the class that the helper gives when the answer is for no ref;
  /// kResource.
  Status Take(ByteView line);
  /// Nothing more is to be expected.
  [[nodiscard]] bool complete() const noexcept { return done_ || open_ == 0; }
  /// It said so itself.
  [[nodiscard]] bool done() const noexcept { return done_; }
  /// Some ref has a value or an error of its own.
  [[nodiscard]] bool any() const noexcept { return open_ < secrets_.size(); }
  /// Each ref once, those without an answer with `missing`.
  std::vector<FetchedSecret> Finish(const Error& missing) &&;

 private:
  Status TakeFor(const std::string& ref, Result<SecretBytes> value);

  std::vector<std::string> refs_;  // in the order of the request
  std::map<std::string, std::optional<Result<SecretBytes>>, std::less<>> secrets_;
  size_t open_;
  size_t lines_ = 0;
  bool done_ = false;
};

}  // namespace secretfs::remote
