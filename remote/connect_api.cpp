#include "remote/connect_api.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "crypto/base64.h"
#include "remote/secret_json.h"
#include "remote/token_file.h"

namespace secretfs::remote {
namespace {

constexpr std::string_view kServiceToken = "ops_";
constexpr int64_t kLastSecond = 253402300799;  // of the year 9999

/// The middle one of a JWT's three parts (RFC 7519), decoded.
Result<SecretBytes> PayloadOf(std::string_view token) {
  const Error none{Code::kInvalid, "not a JWT", "", ""};
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos) return none;
  const std::string_view part = token.substr(first + 1, second - first - 1);
  const auto standard = TRY(SecretBytes::Make(part.size(), [&](ByteSpan out) -> Result<size_t> {
    for (size_t i = 0; i < part.size(); ++i) {
      const char c = part[i] == '-' ? '+' : part[i] == '_' ? '/' : part[i];
      out[i] = static_cast<std::byte>(c);
    }
    return part.size();
  }));
  return SecretBytes::Make(
      crypto::DecodedCapacity(part.size()), [&](ByteSpan out) -> Result<size_t> {
        const auto size =
            crypto::DecodeBase64Into(out, AsText(standard.Expose()), crypto::Padding::kNone);
        if (!size) return none;
        return *size;
      });
}

}  // namespace

std::string ExpiryOfToken(ByteView token) {
  const auto payload = PayloadOf(AsText(token));
  if (!payload) return "";
  const auto claims = ParseSecretJson(payload->Expose(), "");
  if (!claims) return "";
  const SecretJson* expiry = FindMember(*claims, "exp");
  if (expiry == nullptr || !expiry->is_number_integer()) return "";
  const auto seconds = expiry->get<int64_t>();
  if (seconds < 0 || seconds > kLastSecond) return "";
  const std::chrono::sys_days day(
      std::chrono::floor<std::chrono::days>(std::chrono::seconds(seconds)));
  const std::chrono::year_month_day date(day);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

Result<HttpAnswer> ConnectApi::Get(const std::string& path, Call& call) const {
  const auto token = TRY(ReadToken(token_file_));
  if (AsText(token.Expose()).starts_with(kServiceToken)) {
    return Error{Code::kRefused, "this is the token of a service account", token_file_,
                 "without 'connect' it is used through op"};
  }
  const auto bearer = TRY(SecretBuilder().Append("Bearer ").Append(token.Expose()).Finish());
  HttpRequest request;
  request.path = "/v1" + path;
  request.headers.push_back({"Authorization", bearer.Expose()});
  auto answer = TRY(http_->Send(request, call));
  if (answer.status == 200) return answer;
  Error error = HttpError(answer, url_);
  if (error.code == Code::kRefused) {
    const std::string expiry = ExpiryOfToken(token.Expose());
    if (!expiry.empty()) error.what += "; the token says that it expires on " + expiry;
    error.hint = "put a valid token into " + token_file_;
  }
  return error;
}

}  // namespace secretfs::remote
