// A server without a network: answers by path, counted.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "remote/http.h"

namespace secretfs::testkit {

class FakeServer {
 public:
  struct Answer {
    int status = 200;
    std::string body;
    std::string type = "application/json";
  };

  /// What is at `path` from now on.
  void Put(const std::string& path, std::string body) { Put(path, Answer{200, std::move(body)}); }
  void Put(const std::string& path, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[path] = std::move(answer);
  }
  void Remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    answers_.erase(path);
  }
  /// Every path that was asked for since the last call, in order.
  std::vector<std::string> Asked() {
    const std::lock_guard lock(mutex_);
    return std::exchange(asked_, {});
  }
  /// The newest Authorization header.
  std::string authorization() {
    const std::lock_guard lock(mutex_);
    return authorization_;
  }
  /// Instead of any answer, while it is set.
  void Fail(Result<Ok> error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }

  Result<remote::HttpAnswer> Send(const remote::HttpRequest& request, remote::Call& call) {
    TRY(call.Spend(1));
    const std::lock_guard lock(mutex_);
    asked_.push_back(request.path);
    for (const auto& header : request.headers) {
      if (header.name == "Authorization") authorization_ = AsText(header.value);
    }
    TRY(failure_);
    const auto at = answers_.find(request.path);
    const Answer answer =
        at == answers_.end() ? Answer{404, R"({"status":404,"message":"not found"})"} : at->second;
    remote::HttpAnswer given;
    given.status = answer.status;
    given.content_type = answer.type;
    given.body = TRY(SecretBytes::CopyOf(AsBytes(answer.body)));
    return given;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> asked_;
  std::string authorization_;
  Status failure_ = Ok{};
};

/// A client of a server that outlives it.
class FakeHttp final : public remote::Http {
 public:
  explicit FakeHttp(FakeServer& server) : server_(server) {}
  Result<remote::HttpAnswer> Send(const remote::HttpRequest& request, remote::Call& call) override {
    return server_.Send(request, call);
  }

 private:
  FakeServer& server_;
};

}  // namespace secretfs::testkit
