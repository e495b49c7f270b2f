// CurlConnection: one connection of libcurl to one server, which does one request at a time and is
// kept open for the next. For one thread at a time; see remote/http.h for what it promises.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "remote/http.h"

namespace secretfs::remote {

class CurlConnection {
 public:
  /// InitCurl() ran. Errors: kResource.
  static Result<std::unique_ptr<CurlConnection>> Make(std::string url, std::string ca_file);
  CurlConnection(const CurlConnection&) = delete;
  CurlConnection& operator=(const CurlConnection&) = delete;
  ~CurlConnection();

  Result<HttpAnswer> Send(const HttpRequest& request, SteadyTime deadline,
                          const std::stop_token& stop);

 private:
  CurlConnection(std::string url, std::string ca_file)
      : url_(std::move(url)), ca_file_(std::move(ca_file)) {}
  Status SetOptions(const HttpRequest& request, const std::string& url, const curl_slist* headers);
  Result<CURLcode> Perform(SteadyTime deadline, const std::stop_token& stop);
  Result<CURLcode> RunToEnd(SteadyTime deadline, const std::stop_token& stop);
  Result<HttpAnswer> TakeAnswer();
  [[nodiscard]] Error Explain(CURLcode code) const;
  [[nodiscard]] Status CheckLength(long status) const;
  [[nodiscard]] Status CheckRedirect(long status) const;
  [[nodiscard]] std::string Header(const char* name) const;

  const std::string url_;
  const std::string ca_file_;
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace secretfs::remote
