#include "remote/helper_answers.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "crypto/base64.h"
#include "remote/secret_json.h"

namespace secretfs::remote {
namespace {

constexpr size_t kMostWords = 200;  // bytes of a helper's words in an error
constexpr size_t kMoreLines = 64;   // than two for each ref
constexpr std::chrono::seconds kLongestPause = std::chrono::hours(24);

Error Malformed(std::string what) {
  return {Code::kIo, "the helper's answer " + std::move(what), "", ""};
}

Code ClassOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, Code>, 7> kClasses{
      {{"unavailable", Code::kUnavailable},
       {"timeout", Code::kTimeout},
       {"limited", Code::kLimited},
       {"refused", Code::kRefused},
       {"permission", Code::kPermission},
       {"not_found", Code::kNotFound},
       {"invalid", Code::kInvalid}}};
  const auto* at = std::ranges::find(kClasses, word, &std::pair<std::string_view, Code>::first);
  return at == kClasses.end() ? Code::kUnavailable : at->second;
}

std::chrono::seconds PauseOf(const SecretJson& answer) {
  const SecretJson* pause = FindMember(answer, "retry_after");
  if (pause == nullptr || !pause->is_number()) return {};
  const auto most = static_cast<double>(kLongestPause.count());
  const double seconds = std::clamp(pause->get<double>(), 0.0, most);
  return std::chrono::seconds(static_cast<int64_t>(seconds));
}

Error ErrorOf(const SecretJson& answer) {
  const std::string_view words = TextOr(answer, "error");
  Error error{ClassOf(TextOr(answer, "class")), Printable(words.substr(0, kMostWords)), "", ""};
  if (error.what.empty()) error.what = "the helper failed without a word";
  error.retry_after = PauseOf(answer);
  return error;
}

Result<SecretBytes> FromBase64(std::string_view text) {
  return SecretBytes::Make(
      crypto::DecodedCapacity(text.size()), [text](ByteSpan into) -> Result<size_t> {
        const auto size = crypto::DecodeBase64Into(into, text, crypto::Padding::kRequired);
        if (!size) return Malformed("has a `value_b64` that is not base64");
        return *size;
      });
}

Result<SecretBytes> ValueOf(const SecretJson& answer) {
  const SecretJson* error = FindMember(answer, "error");
  const SecretJson* text = FindMember(answer, "value");
  const SecretJson* base64 = FindMember(answer, "value_b64");
  const int given =
      (error != nullptr ? 1 : 0) + (text != nullptr ? 1 : 0) + (base64 != nullptr ? 1 : 0);
  if (given != 1) return Malformed("needs one of `value`, `value_b64` and `error`");
  if (error != nullptr) return ErrorOf(answer);
  if (!(text != nullptr ? text : base64)->is_string())
    return Malformed("has a value that is no text");
  if (text != nullptr) return JsonText(*text);
  return FromBase64(TextOr(answer, "value_b64"));
}

}  // namespace

std::string HelperRequest(const std::vector<std::string>& refs) {
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  return nlohmann::json{{"refs", refs}}.dump(-1, ' ', false, kReplace) + "\n";
}

HelperAnswers::HelperAnswers(const std::vector<std::string>& refs) : refs_(refs) {
  for (const std::string& ref : refs) secrets_.try_emplace(ref);
  open_ = secrets_.size();
}

Status HelperAnswers::Take(ByteView line) {
  if (++lines_ > 2 * refs_.size() + kMoreLines)
    return Malformed("has more lines than were asked for");
  if (std::ranges::all_of(AsText(line),
                          [](char c) { return c == ' ' || c == '\r' || c == '\t'; })) {
    return Ok{};
  }
  const SecretJson answer = TRY(ParseSecretJson(line, ""));
  if (!answer.is_object()) return Malformed("is no JSON object");
  const SecretJson* ref = FindMember(answer, "ref");
  if (ref != nullptr) {
    if (!ref->is_string()) return Malformed("has a `ref` that is no text");
    return TakeFor(std::string(TextOr(answer, "ref")), ValueOf(answer));
  }
  const SecretJson* done = FindMember(answer, "done");
  if (done != nullptr && done->is_boolean() && done->get<bool>()) {
    done_ = true;
    return Ok{};
  }
  if (FindMember(answer, "error") != nullptr) return ErrorOf(answer);
  return Malformed("has neither `ref` nor `error` nor `done`");
}

/// What was not asked for is passed over, since it may be for an earlier configuration.
Status HelperAnswers::TakeFor(const std::string& ref, Result<SecretBytes> value) {
  const auto at = secrets_.find(ref);
  if (at == secrets_.end()) return Ok{};
  if (!value && value.error().code == Code::kResource) return std::move(value).error();
  if (at->second) {
    at->second = Result<SecretBytes>(Malformed("has two answers for this reference"));
    return Ok{};
  }
  at->second = std::move(value);
  --open_;
  return Ok{};
}

std::vector<FetchedSecret> HelperAnswers::Finish(const Error& missing) && {
  std::vector<FetchedSecret> all;
  for (const std::string& ref : refs_) {
    auto& answer = secrets_.find(ref)->second;
    all.push_back({ref, answer ? *std::move(answer) : Result<SecretBytes>(missing)});
  }
  return all;
}

}  // namespace secretfs::remote
