#include "remote/http.h"

#include <curl/curl.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/text.h"
#include "remote/curl_connection.h"
#include "remote/curl_heap.h"
#include "remote/secret_json.h"

namespace secretfs::remote {
namespace {

constexpr size_t kMostMessageBytes = 200;

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

std::optional<std::string> PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

/// Without a slash at its end.
Result<std::string> CheckUrl(std::string text) {
  const Error wrong{Code::kInvalid, "not the URL of a server", Printable(text),
                    "the form is http(s)://HOST[:PORT][/PATH]"};
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (url == nullptr) return Error{Code::kResource, "no memory for a URL", "", ""};
  if (!text.starts_with("http://") && !text.starts_with("https://")) return wrong;
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return wrong;
  for (const CURLUPart part :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (PartOf(url.get(), part)) {
      return Error{Code::kInvalid, "a URL with a user, a query or a fragment", "", wrong.hint};
    }
  }
  while (text.ends_with('/')) text.pop_back();
  return text;
}

class CurlHttp final : public Http {
 public:
  explicit CurlHttp(HttpOptions options) : options_(std::move(options)) {
    idle_.reserve(options_.connections);  // giving back cannot fail
  }

  Result<HttpAnswer> Send(const HttpRequest& request, Call& call) override {
    TRY(call.Spend(1));
    Loan loan(*this);
    loan.connection = TRY(Borrow(call));
    return loan.connection->Send(request, call.deadline(), call.stop());
  }

 private:
  using ConnectionPtr = std::unique_ptr<CurlConnection>;

  struct Loan {
    explicit Loan(CurlHttp& of) : http(of) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      if (connection) http.GiveBack(std::move(connection));
    }
    CurlHttp& http;
    ConnectionPtr connection;
  };

  /// The one that was used last, which is the likeliest to be open still.
  Result<ConnectionPtr> Borrow(Call& call) {
    std::unique_lock lock(mutex_);
    const bool mine = freed_.wait_until(lock, call.stop(), call.deadline(),
                                        [this] { return borrowed_ < options_.connections; });
    if (!mine && call.stop().stop_requested()) {
      return Error{Code::kInterrupted, "the request was stopped", options_.url, ""};
    }
    if (!mine) return Error{Code::kTimeout, "no request could be made in time", options_.url, ""};
    ConnectionPtr connection;
    if (idle_.empty()) {
      connection = TRY(CurlConnection::Make(options_.url, options_.ca_file));
    } else {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    ++borrowed_;
    return connection;
  }

  void GiveBack(ConnectionPtr connection) {
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(connection));
      --borrowed_;
    }
    freed_.notify_one();
  }

  const HttpOptions options_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any freed_;
  std::vector<ConnectionPtr> idle_;
  size_t borrowed_ = 0;
};

/// The server's own words, cut and printable, or "".
std::string MessageOf(const HttpAnswer& answer) {
  const auto json = ParseSecretJson(answer.body.Expose(), "");
  if (!json) return "";
  std::string_view message = TextOr(*json, "message");
  if (const SecretJson* errors = FindMember(*json, "errors");
      errors != nullptr && errors->is_array() && !errors->empty() && errors->front().is_string()) {
    message = errors->front().get_ref<const SecretString&>();
  }
  return Printable(message.substr(0, kMostMessageBytes));
}

Code CodeOf(const HttpAnswer& answer) {
  const int status = answer.status;
  if (status == 429) return Code::kLimited;
  // A page for people is of something that stands before the store.
  if (status == 408 || status >= 500 || answer.content_type == "text/html") {
    return Code::kUnavailable;
  }
  if (status == 401) return Code::kRefused;
  if (status == 403) return Code::kPermission;
  if (status == 404) return Code::kNotFound;
  if (status == 400 || status == 413 || status == 422) return Code::kInvalid;
  return Code::kIo;
}

}  // namespace

Result<std::unique_ptr<Http>> MakeHttp(HttpOptions options) {
  TRY(InitCurl());
  options.url = TRY(CheckUrl(std::move(options.url)));
  return std::unique_ptr<Http>(std::make_unique<CurlHttp>(std::move(options)));
}

std::string EscapePathPart(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string escaped;
  for (const char c : text) {
    if (kPlain.find(c) != kPlain.npos) {
      escaped += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    escaped += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  return escaped;
}

Error HttpError(const HttpAnswer& answer, const std::string& where) {
  const std::string message = MessageOf(answer);
  Error error{CodeOf(answer), "the server answers " + std::to_string(answer.status), where, ""};
  if (!message.empty()) error.what += ": " + message;
  if (message.empty() && answer.content_type == "text/html") error.what += " with an HTML page";
  error.retry_after = answer.retry_after;
  return error;
}

}  // namespace secretfs::remote
