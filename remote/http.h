// Http: one server that is asked by HTTP/1.1, with or without TLS. What it sends and gets may be
// secret and lies in secret memory, libcurl's and OpenSSL's own buffers too. Follows no redirect,
// takes no proxy, login or CA from the environment, and keeps connections for the next request.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "remote/store.h"

namespace secretfs::remote {

struct HttpHeader {
  std::string name;
  ByteView value;  // may be secret; must outlive the call
};

struct HttpRequest {
  std::string method = "GET";  // or "POST", "PUT"; others than GET have a body, of JSON
  std::string path;            // "/v1/vaults"; behind the URL's own path; EscapePathPart() made it
  std::vector<HttpHeader> headers;
  ByteView body{};                   // must outlive the call
  size_t limit = size_t{16} << 20U;  // the largest body that is taken
};

struct HttpAnswer {
  int status = 0;                       // as the server gave it, but for 3xx, which are errors
  SecretBytes body;                     // exactly as long as the server said
  std::string content_type;             // without parameters, in lower case
  std::chrono::seconds retry_after{0};  // of Retry-After, a day at most; 0: there is none
};

/// Thread-safe; requests over the number of connections wait for their turn.
class Http {
 public:
  virtual ~Http() = default;
  /// Spends one request of the call, and gives up at its deadline or when it is stopped. Errors:
  /// kUnavailable (no connection, TLS, a redirect), kTimeout, kInterrupted, kIo (the answer is cut
  /// off or breaks HTTP), kTooLarge, kLimited (of Call::Spend), kResource. Their `where` is the
  /// server, and none quotes headers or content.
  virtual Result<HttpAnswer> Send(const HttpRequest& request, Call& call) = 0;
};

struct HttpOptions {
  std::string url;         // http(s)://HOST[:PORT][/PATH]
  std::string ca_file{};   // trusted instead of the system's CAs
  size_t connections = 4;  // at the same time
};

/// Asks nobody. Errors: kInvalid for a URL of another form; kResource.
Result<std::unique_ptr<Http>> MakeHttp(HttpOptions options);

/// %XX for all but letters, digits and "-._~".
std::string EscapePathPart(std::string_view text);

/// The class and words of an answer that is no success, for stores that do not know it better: 401
/// kRefused; 403 kPermission; 404 kNotFound; 429 kLimited; 408 and 5xx kUnavailable; others kIo.
/// The server's own message ({"message": "…"} or {"errors": ["…"]}) is in it, cut and printable.
Error HttpError(const HttpAnswer& answer, const std::string& where);

}  // namespace secretfs::remote
