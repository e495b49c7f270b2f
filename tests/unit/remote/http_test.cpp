#include "remote/http.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "tests/testkit/fake_call.h"
#include "tests/testkit/http_server.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::remote {
namespace {

using testkit::FakeCall;
using testkit::HttpServer;
using After = HttpServer::After;
using Reply = HttpServer::Reply;
using std::chrono::milliseconds;

Result<HttpAnswer> Get(Http& http, const std::string& path = "/") {
  FakeCall call;
  HttpRequest request;
  request.path = path;
  return http.Send(request, call);
}

std::string Text(const HttpAnswer& answer) { return std::string(AsText(answer.body.Expose())); }

std::unique_ptr<Http> Client(const HttpServer& server) {
  HttpOptions options;
  options.url = server.url();
  return MakeHttp(std::move(options)).value();
}

/// What comes of one request that is answered so.
Result<HttpAnswer> Exchange(Reply reply) {
  HttpServer server([&](const auto&) { return reply; });
  return Get(*Client(server));
}

TEST(Http, SendsHeadersAndGivesTheAnswer) {
  HttpServer server([](const auto&) {
    return Reply{HttpServer::Answer("200 OK", "{\"a\":1}",
                                    "Content-Type: Application/JSON; charset=utf-8\r\n")};
  });
  HttpOptions options;
  options.url = server.url() + "/base/";
  const auto http = MakeHttp(options);
  ASSERT_TRUE(http);
  FakeCall call;
  const std::string token = "Bearer hushhush";
  HttpRequest request;
  request.path = "/v1/vaults/" + EscapePathPart("a b/\xc3\xa9?");
  request.headers.push_back({"Authorization", AsBytes(token)});
  const auto answer = (*http)->Send(request, call);
  ASSERT_TRUE(answer) << answer.error().Text();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(Text(*answer), "{\"a\":1}");
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_EQ(answer->retry_after.count(), 0);
  EXPECT_EQ(call.spent, 1U);
  const auto asked = server.requests().at(0);
  EXPECT_EQ(asked.method, "GET");
  EXPECT_EQ(asked.path, "/base/v1/vaults/a%20b%2F%C3%A9%3F");
  EXPECT_NE(asked.head.find("\r\nAuthorization: Bearer hushhush\r\n"), std::string::npos);
}

TEST(Http, PostsABody) {
  HttpServer server([](const auto&) { return Reply{HttpServer::Answer("204 No Content", "")}; });
  const auto http = Client(server);
  FakeCall call;
  const std::string body(100'000, 'x');
  HttpRequest request{"POST", "/login", {}, AsBytes(body)};
  ASSERT_TRUE(http->Send(request, call));
  request.body = {};
  request.method = "PUT";
  ASSERT_TRUE(http->Send(request, call));
  ASSERT_TRUE(Get(*http, "/after"));
  const auto asked = server.requests();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].method, "POST");
  EXPECT_EQ(asked[0].body, body);
  EXPECT_NE(asked[0].head.find("Content-Type: application/json"), std::string::npos);
  EXPECT_EQ(asked[0].head.find("Expect:"), std::string::npos);
  EXPECT_EQ(asked[1].method, "PUT");
  EXPECT_EQ(asked[1].body, "");
  EXPECT_EQ(asked[2].method, "GET");
  EXPECT_EQ(asked[2].head.find("Content-"), std::string::npos);
}

TEST(Http, KeepsTheConnectionForTheNextRequest) {
  HttpServer server([](const auto&) { return Reply{HttpServer::Answer("200 OK", "1")}; });
  const auto http = Client(server);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Get(*http));
  EXPECT_EQ(server.requests().back().connection, 1U);
}

TEST(Http, MakesAnotherConnectionWhenTheServerClosedTheOld) {
  HttpServer server([](const auto&) {
    return Reply{HttpServer::Answer("200 OK", "1", "Connection: close\r\n"), After::kClose};
  });
  const auto http = Client(server);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Get(*http));
  EXPECT_EQ(server.requests().back().connection, 3U);
}

TEST(Http, MakesNoMoreRequestsAtOnceThanItMay) {
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  HttpServer server([&](const auto&) {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    changed.wait_for(lock, std::chrono::seconds(30), [&] { return waiting >= 4; });
    return Reply{HttpServer::Answer("200 OK", "1")};
  });
  const auto http = Client(server);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_TRUE(Get(*http)); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(server.most_at_once(), 4U);
  EXPECT_EQ(server.requests().size(), 8U);
}

TEST(Http, TakesChunkedAnswers) {
  const auto answer = Exchange(
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"});
  ASSERT_TRUE(answer) << answer.error().Text();
  EXPECT_EQ(Text(*answer), "abcde");
}

TEST(Http, HoldsAnAnswerThatIsCutOffForNone) {
  const Reply replies[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", After::kClose},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", After::kReset},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", After::kClose},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", After::kReset},
      {"HTTP/1.1 200 OK\r\nCont", After::kClose},
      {"", After::kClose},
      {"", After::kReset}};
  for (const Reply& reply : replies) {
    const auto answer = Exchange(reply);
    ASSERT_FALSE(answer) << reply.bytes;
    EXPECT_TRUE(answer.error().code == Code::kUnavailable || answer.error().code == Code::kIo)
        << answer.error().Text();
  }
}

TEST(Http, HoldsAnAnswerWithoutLengthOrInAnEncodingForNone) {
  const auto endless = Exchange({"HTTP/1.1 200 OK\r\n\r\nabc", After::kClose});
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().what, "the answer does not say how long it is");
  const auto packed = Exchange({HttpServer::Answer("200 OK", "abc", "Content-Encoding: gzip\r\n")});
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().code, Code::kIo);
  EXPECT_TRUE(Exchange({HttpServer::Answer("200 OK", "")}));
}

TEST(Http, RejectsWhatIsNotHttp) {
  for (const char* bytes : {"abc\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"}) {
    const auto answer = Exchange({bytes, After::kClose});
    ASSERT_FALSE(answer) << bytes;
    EXPECT_TRUE(answer.error().code == Code::kUnavailable || answer.error().code == Code::kIo)
        << answer.error().Text();
  }
}

TEST(Http, TakesNoBodyOverTheLimit) {
  HttpServer server(
      [](const auto&) { return Reply{HttpServer::Answer("200 OK", std::string(1000, 'x'))}; });
  const auto http = Client(server);
  FakeCall call;
  HttpRequest request;
  request.limit = 1000;
  EXPECT_TRUE(http->Send(request, call));
  request.limit = 999;
  const auto answer = http->Send(request, call);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kTooLarge);
  EXPECT_TRUE(Get(*http));
}

TEST(Http, FollowsNoRedirectAndNamesOnlyTheOtherHost) {
  HttpServer target([](const auto&) { return Reply{HttpServer::Answer("200 OK", "1")}; });
  for (const char* status : {"301 Moved", "302 Found", "307 Temporary", "308 Permanent"}) {
    const auto answer = Exchange({HttpServer::Answer(
        status, "", "Location: http://user:hush@other.example/hush?token=hush\r\n")});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kUnavailable);
    EXPECT_NE(answer.error().what.find("'other.example'"), std::string::npos);
    EXPECT_EQ(answer.error().Text().find("hush"), std::string::npos);
    EXPECT_FALSE(Exchange({HttpServer::Answer(status, "", "Location: " + target.url() + "\r\n")}));
    EXPECT_FALSE(Exchange({HttpServer::Answer(status, "")}));
  }
  EXPECT_TRUE(target.requests().empty());
}

TEST(Http, TakesNoProxyFromTheEnvironment) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  EXPECT_TRUE(Exchange({HttpServer::Answer("200 OK", "1")}));
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}

TEST(Http, GivesUpAtItsDeadline) {
  for (const Reply& slow : {Reply{"", After::kHang},
                            Reply{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", After::kHang},
                            Reply{HttpServer::Answer("200 OK", std::string(10'000, 'x')),
                                  After::kKeep, milliseconds(20)}}) {
    HttpServer server([&](const auto&) { return slow; });
    const auto http = Client(server);
    FakeCall call(milliseconds(200));
    const auto answer = http->Send({}, call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kTimeout) << answer.error().Text();
    server.Stop();
  }
}

TEST(Http, StopsWhenItIsTold) {
  std::stop_source stop;
  HttpServer server([&](const auto&) {
    stop.request_stop();
    return Reply{"", After::kHang};
  });
  const auto http = Client(server);
  FakeCall call(std::chrono::minutes(2), stop.get_token());
  const auto answer = http->Send({}, call);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kInterrupted);
  EXPECT_LT(std::chrono::steady_clock::now(), call.deadline() - std::chrono::minutes(1));
  const auto after = http->Send({}, call);
  EXPECT_EQ(after.error().code, Code::kInterrupted);
}

TEST(Http, WaitsForItsTurnUntilTheDeadlineOnly) {
  HttpServer server([&](const auto&) { return Reply{"", After::kHang}; });
  HttpOptions options;
  options.url = server.url();
  options.connections = 1;
  const auto http = MakeHttp(options).value();
  std::stop_source stop;
  std::thread first([&] {
    FakeCall call(std::chrono::seconds(60), stop.get_token());
    EXPECT_EQ(http->Send({}, call).error().code, Code::kInterrupted);
  });
  while (server.requests().empty()) std::this_thread::yield();
  FakeCall late(milliseconds(50));
  EXPECT_EQ(http->Send({}, late).error().code, Code::kTimeout);
  std::stop_source gone;
  gone.request_stop();
  FakeCall stopped(std::chrono::seconds(60), gone.get_token());
  EXPECT_EQ(http->Send({}, stopped).error().code, Code::kInterrupted);
  stop.request_stop();
  first.join();
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Http, TellsThatNobodyAnswers) {
  std::string url;
  {
    HttpServer server([](const auto&) { return Reply{}; });
    url = server.url();
  }
  for (const std::string& dead : {url, std::string("http://no-such-host.invalid")}) {
    HttpOptions options;
    options.url = dead;
    const auto answer = Get(*MakeHttp(options).value());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kUnavailable) << answer.error().Text();
    EXPECT_EQ(answer.error().where, dead);
  }
}

TEST(Http, SpendsBeforeItAsks) {
  HttpServer server([](const auto&) { return Reply{HttpServer::Answer("200 OK", "1")}; });
  const auto http = Client(server);
  FakeCall call;
  call.left = 1;
  EXPECT_TRUE(http->Send({}, call));
  EXPECT_EQ(http->Send({}, call).error().code, Code::kLimited);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Http, TakesNoTlsThatIsNone) {
  HttpServer server([](const auto&) { return Reply{HttpServer::Answer("200 OK", "1")}; });
  const testkit::TempDir folder;
  ASSERT_TRUE(ReplaceFile(folder.path() + "/ca.pem", AsBytes("nothing"), 0600));
  for (const char* ca : {"", "/ca.pem", "/missing.pem"}) {
    HttpOptions options;
    options.url = "https" + server.url().substr(4);
    if (*ca != '\0') options.ca_file = folder.path() + ca;
    const auto answer = Get(*MakeHttp(options).value());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kUnavailable) << answer.error().Text();
  }
}

TEST(Http, TakesRetryAfterInSecondsAndAsADate) {
  const auto pause = [](const std::string& header) {
    const auto answer = Exchange({HttpServer::Answer(
        "429 Too Many", "", header.empty() ? "" : "Retry-After: " + header + "\r\n")});
    return answer.value().retry_after.count();
  };
  EXPECT_EQ(pause(""), 0);
  EXPECT_EQ(pause("120"), 120);
  EXPECT_EQ(pause("999999999"), 86400);
  EXPECT_EQ(pause("Fri, 31 Dec 2060 23:59:59 GMT"), 86400);
  EXPECT_EQ(pause("Fri, 31 Dec 1999 23:59:59 GMT"), 0);
  EXPECT_EQ(pause("soon"), 0);
}

TEST(Http, GivesAwayNoTokenThatTheServerRepeats) {
  HttpServer server([](const auto&) {
    return Reply{HttpServer::Answer("401 No", R"({"message":"bad token hushhush"})")};
  });
  const auto http = Client(server);
  FakeCall call;
  const std::string token = "Bearer hushhush";
  HttpRequest request;
  request.headers.push_back({"Authorization", AsBytes(token)});
  const auto answer = http->Send(request, call);
  ASSERT_TRUE(answer);
  EXPECT_EQ(HttpError(*answer, "").what, "the server answers 401");
}

TEST(Http, SendsNoHeaderWithALineEnd) {
  HttpServer server([](const auto&) { return Reply{HttpServer::Answer("200 OK", "1")}; });
  const auto http = Client(server);
  FakeCall call;
  const std::string token = "hush\r\nX: y";
  HttpRequest request;
  request.headers.push_back({"Authorization", AsBytes(token)});
  const auto answer = http->Send(request, call);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().Text().find("hush"), std::string::npos);
  EXPECT_TRUE(server.requests().empty());
}

TEST(Http, TakesOnlyUrlsOfServers) {
  for (const char* url : {"", "connect", "ftp://x", "http://", "http://a b/", "https://u:p@x",
                          "https://x/?q", "https://x/#f", "HTTP:/x", "file:///etc/passwd"}) {
    HttpOptions options;
    options.url = url;
    const auto http = MakeHttp(options);
    ASSERT_FALSE(http) << url;
    EXPECT_EQ(http.error().code, Code::kInvalid);
  }
}

HttpAnswer AnswerOf(int status, std::string_view body = "", std::string type = "application/json") {
  HttpAnswer answer;
  answer.status = status;
  answer.body = SecretBytes::CopyOf(AsBytes(body)).value();
  answer.content_type = std::move(type);
  return answer;
}

TEST(HttpError, IsClassedByTheStatus) {
  const std::pair<int, Code> rows[] = {
      {400, Code::kInvalid},     {401, Code::kRefused},     {403, Code::kPermission},
      {404, Code::kNotFound},    {408, Code::kUnavailable}, {413, Code::kInvalid},
      {418, Code::kIo},          {429, Code::kLimited},     {500, Code::kUnavailable},
      {502, Code::kUnavailable}, {503, Code::kUnavailable}, {204, Code::kIo}};
  for (const auto& [status, code] : rows) {
    EXPECT_EQ(HttpError(AnswerOf(status), "s").code, code) << status;
  }
  EXPECT_EQ(HttpError(AnswerOf(404, "<html>", "text/html"), "").code, Code::kUnavailable);
  EXPECT_EQ(HttpError(AnswerOf(429, "<html>", "text/html"), "").code, Code::kLimited);
  auto limited = AnswerOf(429);
  limited.retry_after = std::chrono::seconds(7);
  EXPECT_EQ(HttpError(limited, "").retry_after.count(), 7);
}

TEST(HttpError, HasTheServersWordsCutAndPrintable) {
  EXPECT_EQ(
      HttpError(AnswerOf(403, R"({"status":403,"message":"vault x is not in scope"})"), "s").Text(),
      "s: the server answers 403: vault x is not in scope");
  EXPECT_EQ(HttpError(AnswerOf(400, R"({"errors":["no\u001b[2J", "more"]})"), "").what,
            "the server answers 400: no\\x1b[2J");
  EXPECT_EQ(HttpError(AnswerOf(502, "<html>", "text/html"), "").what,
            "the server answers 502 with an HTML page");
  const std::string longer = R"({"message":")" + std::string(5000, 'x') + "\"}";
  EXPECT_LT(HttpError(AnswerOf(400, longer), "").what.size(), 300U);
}

}  // namespace
}  // namespace secretfs::remote
