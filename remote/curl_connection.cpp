#include "remote/curl_connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"

namespace secretfs::remote {
namespace {

constexpr long kConnectMilliseconds = 10'000;
constexpr long kNoContent = 204;
constexpr std::chrono::milliseconds kLongestPoll = std::chrono::hours(1);
constexpr std::chrono::seconds kLongestPause = std::chrono::hours(24);

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

Error NoMemory() { return {Code::kResource, "no memory for a request", "", ""}; }

Status AppendHeader(HeaderList& list, std::string_view name, ByteView value) {
  const bool plain = std::ranges::all_of(
      AsText(value), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
  if (!plain) {
    return Error{Code::kInvalid, "a control character in the header " + Quote(name), "", ""};
  }
  const auto line =
      TRY(SecretBuilder().Append(name).Append(": ").Append(value).Append('\0').Finish());
  curl_slist* longer = curl_slist_append(list.get(), AsText(line.Expose()).data());
  if (longer == nullptr) return NoMemory();
  (void)list.release();
  list.reset(longer);
  return Ok{};
}

Result<HeaderList> MakeHeaders(const HttpRequest& request) {
  HeaderList list;
  for (const HttpHeader& header : request.headers) {
    TRY(AppendHeader(list, header.name, header.value));
  }
  if (request.method != "GET") {
    TRY(AppendHeader(list, "Content-Type", AsBytes("application/json")));
    curl_slist* longer = curl_slist_append(list.get(), "Expect:");  // nobody answers 100 in time
    if (longer == nullptr) return NoMemory();
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

/// What an answer's body goes into.
struct Body {
  SecretBuilder bytes;
  size_t limit;
  bool too_large = false;
};

size_t TakeBody(char* data, size_t size, size_t count, void* into) noexcept {
  auto& body = *static_cast<Body*>(into);
  const size_t bytes = size * count;
  body.too_large = bytes > body.limit - body.bytes.size();
  if (body.too_large) return CURL_WRITEFUNC_ERROR;
  body.bytes.Append(std::string_view(data, bytes));
  return bytes;
}

/// Whether the answer has a word of the request in it that is secret.
bool Repeats(const SecretBytes& body, const HttpRequest& request) {
  constexpr size_t kShortestSecret = 8;
  return std::ranges::any_of(request.headers, [&](const HttpHeader& header) {
    const std::string_view value = AsText(header.value);
    const std::string_view secret = value.substr(value.rfind(' ') + 1);
    return secret.size() >= kShortestSecret && AsText(body.Expose()).find(secret) != secret.npos;
  });
}

std::string MediaType(const char* header) {
  std::string type(header == nullptr ? "" : header);
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return Printable(type.substr(0, 80));
}

}  // namespace

Result<std::unique_ptr<CurlConnection>> CurlConnection::Make(std::string url, std::string ca_file) {
  std::unique_ptr<CurlConnection> connection(
      new CurlConnection(std::move(url), std::move(ca_file)));
  connection->multi_ = curl_multi_init();
  connection->easy_ = curl_easy_init();
  if (connection->multi_ == nullptr || connection->easy_ == nullptr) return NoMemory();
  return connection;
}

CurlConnection::~CurlConnection() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

Result<HttpAnswer> CurlConnection::Send(const HttpRequest& request, SteadyTime deadline,
                                        const std::stop_token& stop) {
  const HeaderList headers = TRY(MakeHeaders(request));
  Body body{SecretBuilder(0, request.limit), request.limit};
  curl_easy_reset(easy_);
  TRY(SetOptions(request, url_ + request.path, headers.get()));
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &body);
  const auto performed = Perform(deadline, stop);
  auto answer = [&]() -> Result<HttpAnswer> {
    const CURLcode code = TRY(performed);
    if (body.too_large) {
      return Error{Code::kTooLarge,
                   "the answer is larger than " + std::to_string(request.limit) + " bytes", url_,
                   ""};
    }
    if (code != CURLE_OK) return Explain(code);
    return TakeAnswer();
  }();
  curl_easy_reset(easy_);  // nothing of this request stays in the handle
  if (!answer) return answer;
  answer->body = TRY(body.bytes.Finish());
  if (answer->status >= 400 && Repeats(answer->body, request)) answer->body = SecretBytes();
  return answer;
}

Status CurlConnection::SetOptions(const HttpRequest& request, const std::string& url,
                                  const curl_slist* headers) {
  bool sound = true;
  const auto set = [&](CURLoption option, auto value) {
    sound = curl_easy_setopt(easy_, option, value) == CURLE_OK && sound;
  };
  error_text_[0] = '\0';
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");  // none, whatever the environment says
  set(CURLOPT_NETRC, CURL_NETRC_IGNORED);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // waits for no resolver that nobody wants an answer of any more
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds);
  set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);  // or newer
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_USERAGENT, "secretfs");
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_WRITEFUNCTION, TakeBody);
  if (!ca_file_.empty()) {
    set(CURLOPT_CAINFO, ca_file_.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // and no other
  }
  if (request.method != "GET") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : AsText(request.body).data());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (!sound) return NoMemory();
  return Ok{};
}

Result<CURLcode> CurlConnection::Perform(SteadyTime deadline, const std::stop_token& stop) {
  if (curl_multi_add_handle(multi_, easy_) != CURLM_OK) return NoMemory();
  auto code = RunToEnd(deadline, stop);
  curl_multi_remove_handle(multi_, easy_);  // closes a connection with an answer under way
  return code;
}

Result<CURLcode> CurlConnection::RunToEnd(SteadyTime deadline, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_); });
  for (int running = 1;;) {
    if (stop.stop_requested())
      return Error{Code::kInterrupted, "the request was stopped", url_, ""};
    const auto rest = deadline - std::chrono::steady_clock::now();
    if (rest <= SteadyTime::duration::zero()) {
      return Error{Code::kTimeout, "no whole answer in time", url_, ""};
    }
    if (curl_multi_perform(multi_, &running) != CURLM_OK) return NoMemory();
    if (running == 0) break;
    const auto wait =
        std::clamp<std::chrono::milliseconds>(std::chrono::ceil<std::chrono::milliseconds>(rest),
                                              std::chrono::milliseconds(1), kLongestPoll);
    if (curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr) != CURLM_OK) {
      return NoMemory();
    }
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi_, &left);
  if (message == nullptr || message->msg != CURLMSG_DONE) return NoMemory();
  return message->data.result;
}

std::string CurlConnection::Header(const char* name) const {
  curl_header* header = nullptr;
  if (curl_easy_header(easy_, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return "";
  return header->value;
}

Status CurlConnection::CheckRedirect(long status) const {
  if (status < 300 || status > 399) return Ok{};
  const char* target = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &target);
  CURLU* parts = curl_url();
  char* host = nullptr;
  std::string to = "elsewhere";
  if (parts != nullptr && target != nullptr &&
      curl_url_set(parts, CURLUPART_URL, target, 0) == CURLUE_OK &&
      curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
    to = "to " + Quote(host);
  }
  curl_free(host);
  curl_url_cleanup(parts);
  return Error{Code::kUnavailable, "the server redirects " + to + ", which is not followed", url_,
               "give the URL of the store itself"};
}

/// An answer that ends with its connection may as well have been cut off.
Status CurlConnection::CheckLength(long status) const {
  curl_off_t length = -1;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  const bool told = length >= 0 || status == kNoContent || !Header("Transfer-Encoding").empty();
  if (!told) return Error{Code::kIo, "the answer does not say how long it is", url_, ""};
  const std::string encoding = Header("Content-Encoding");
  if (!encoding.empty() && encoding != "identity") {
    return Error{Code::kIo, "the answer is encoded as " + Quote(encoding), url_, ""};
  }
  return Ok{};
}

Result<HttpAnswer> CurlConnection::TakeAnswer() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  TRY(CheckRedirect(status));
  TRY(CheckLength(status));
  HttpAnswer answer;
  answer.status = static_cast<int>(status);
  const char* type = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_TYPE, &type);
  answer.content_type = MediaType(type);
  curl_off_t pause = 0;
  curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &pause);
  answer.retry_after =
      std::clamp(std::chrono::seconds(pause), std::chrono::seconds(0), kLongestPause);
  return answer;
}

Error CurlConnection::Explain(CURLcode code) const {
  const std::string text =
      Printable(error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code));
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {Code::kTimeout, "no connection in time", url_, ""};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Code::kUnavailable, "the server's name is not known", url_, ""};
    case CURLE_COULDNT_CONNECT:
      return {Code::kUnavailable, "no connection: " + text, url_, ""};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {Code::kUnavailable, "no trusted TLS connection: " + text, url_,
              "a CA of your own is given with ca_file"};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return {Code::kUnavailable, "no TLS connection: " + text, url_, ""};
    case CURLE_OUT_OF_MEMORY:
      return NoMemory();
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return {Code::kUnavailable, "the connection ended before the answer did", url_, ""};
    default:
      return {Code::kIo, "the answer breaks HTTP: " + text, url_, ""};
  }
}

}  // namespace secretfs::remote
