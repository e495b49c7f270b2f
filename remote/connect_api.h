// What 1Password Connect is asked, request by request: paths below /v1 with the token of a file,
// and its errors in the classes of remote/store.h. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "remote/http.h"
#include "remote/store.h"

namespace secretfs::remote {

class ConnectApi {
 public:
  /// `url` is for messages.
  ConnectApi(std::unique_ptr<Http> http, std::string url, std::string token_file)
      : http_(std::move(http)), url_(std::move(url)), token_file_(std::move(token_file)) {}

  /// The whole answer to one GET. The token is read anew. Errors: as of RemoteStore.
  Result<HttpAnswer> Get(const std::string& path, Call& call) const;

  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  [[nodiscard]] const std::string& token_file() const noexcept { return token_file_; }

 private:
  const std::unique_ptr<Http> http_;
  const std::string url_;
  const std::string token_file_;
};

/// When a token says that it expires, as "2026-11-21", or "": for words only, since nobody checked
/// who wrote it.
std::string ExpiryOfToken(ByteView token);

}  // namespace secretfs::remote
