// Whatever a helper answers, each reference gets one answer, of those that it may have; and what it
// is asked is a line that can be read again. What `op` of 1Password says
// when it fails, its tokens and the output of `op inject` are with it.
#include "remote/helper_answers.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "remote/op_error.h"
#include "remote/op_inject.h"
#include "remote/secret_json.h"
#include "remote/service_token.h"

namespace {

using namespace secretfs;
using namespace secretfs::remote;

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckAnswers(std::string_view text) {
  const std::vector<std::string> refs{"a", "b", "op://v/i/f"};
  HelperAnswers answers(refs);
  Status taken = Ok{};
  while (!text.empty() && taken && !answers.complete()) {
    const size_t end = std::min(text.find('\n'), text.size());
    taken = answers.Take(AsBytes(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const bool any = answers.any();
  const auto all = std::move(answers).Finish({Code::kUnavailable, "missing", "", ""});
  Check(all.size() == refs.size());
  bool answered = false;
  for (size_t i = 0; i < all.size(); ++i) {
    Check(all[i].ref == refs[i]);
    Check(all[i].value || !all[i].value.error().what.empty());
    answered = answered || all[i].value || all[i].value.error().what != "missing";
  }
  Check(any || !answered);
}

void CheckRequest(std::string_view text) {
  const std::string request = HelperRequest({std::string(text)});
  Check(request.ends_with('\n') && request.find('\n') == request.size() - 1);
  Check(ParseSecretJson(AsBytes(request).first(request.size() - 1), "").has_value());
}

void CheckError(std::string_view text) {
  const Error error = OpError(text, "op");
  Check(!error.what.empty() && error.what.find("ops_") == std::string::npos);
  Check(error.retry_after.count() >= 0 && error.retry_after <= std::chrono::hours(24));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckAnswers(text);
  CheckRequest(text);
  CheckError(text);
  const auto token = CheckServiceToken(AsBytes(text), "token");
  Check(token || token.error().code == Code::kRefused || token.error().code == Code::kResource);
  OpTemplate form;
  Check(form.Add({"v", "i", "", "f", "", false}, "v", "i"));
  Check(!form.Split(AsBytes(text)));  // nobody can guess the delimiters
  return 0;
}
