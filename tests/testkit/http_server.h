// A small HTTP/1.1 server in threads of the test, on 127.0.0.1, that answers with whatever bytes
// the test wants, right or wrong, and remembers what it was asked.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace secretfs::testkit {

class HttpServer {
 public:
  struct Request {
    std::string method;
    std::string path;
    std::string head;  // the whole of it
    std::string body;
    size_t connection = 0;  // counted from 1
  };
  enum class After { kKeep, kClose, kReset, kHang };
  struct Reply {
    std::string bytes;
    After after = After::kKeep;
    std::chrono::milliseconds between{0};  // bytes, when they are sent one by one
  };
  using Handler = std::function<Reply(const Request&)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() { Stop(); }

  /// Ends every connection and takes no more.
  void Stop() {
    if (stopping_.exchange(true)) return;
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const auto& connection : connections_) ::shutdown(connection.fd.get(), SHUT_RDWR);
    }
    for (auto& connection : connections_) connection.thread.join();
    listener_.reset();
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] size_t most_at_once() const { return most_at_once_; }

  static std::string Answer(const std::string& status, const std::string& body,
                            const std::string& headers = "Content-Type: application/json\r\n") {
    return "HTTP/1.1 " + status + "\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  static constexpr char kTlsHandshake = 0x16;

  struct Connection {
    UniqueFd fd;
    std::thread thread;
  };

  void Accept() {
    for (size_t number = 1;; ++number) {
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd) return;
      const std::lock_guard lock(mutex_);
      auto& connection = connections_.emplace_back();
      connection.fd = std::move(fd);
      connection.thread =
          std::thread([this, number, socket = connection.fd.get()] { Serve(socket, number); });
    }
  }

  void Serve(int fd, size_t number) {
    std::string pending;
    Request request;
    while (Receive(fd, pending, request)) {
      request.connection = number;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        most_at_once_ = std::max<size_t>(most_at_once_, ++at_once_);
      }
      const Reply reply = handler_(request);
      --at_once_;
      Send(fd, reply);
      if (reply.after == After::kHang) WaitForEnd(fd);
      if (reply.after != After::kKeep) break;
    }
    ::shutdown(fd, SHUT_RDWR);
  }

  static bool Receive(int fd, std::string& pending, Request& request) {
    const auto more = [&] {
      char bytes[4096];
      const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
      if (got > 0) pending.append(bytes, static_cast<size_t>(got));
      return got > 0;
    };
    while (pending.find("\r\n\r\n") == pending.npos) {
      if (!more() || pending.front() == kTlsHandshake) return false;
    }
    request.head = pending.substr(0, pending.find("\r\n\r\n") + 2);
    pending.erase(0, request.head.size() + 2);
    size_t size = 0;
    if (const size_t at = request.head.find("Content-Length: "); at != std::string::npos) {
      size = std::stoul(request.head.substr(at + 16));
    }
    while (pending.size() < size) {
      if (!more()) return false;
    }
    request.body = pending.substr(0, size);
    pending.erase(0, size);
    const size_t space = request.head.find(' ');
    request.method = request.head.substr(0, space);
    request.path = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
    return true;
  }

  void Send(int fd, const Reply& reply) const {
    const size_t step = reply.between.count() > 0 ? 1 : reply.bytes.size();
    for (size_t at = 0; at < reply.bytes.size();) {
      const size_t size = std::min(step, reply.bytes.size() - at);
      const ssize_t sent = ::send(fd, reply.bytes.data() + at, size, MSG_NOSIGNAL);
      if (sent <= 0 || stopping_) return;
      at += static_cast<size_t>(sent);
      if (reply.between.count() > 0) std::this_thread::sleep_for(reply.between);
    }
    if (reply.after == After::kReset) {
      const linger now{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      // What is not read yet has the kernel answer with a reset; so does closing, which Stop()
      // does.
      const sockaddr none{};
      ::connect(fd, &none, sizeof none);  // AF_UNSPEC: drops the connection with a reset
    }
  }

  static void WaitForEnd(int fd) {
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }
  }

  const Handler handler_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  std::thread acceptor_;
  std::atomic<bool> stopping_ = false;
  std::atomic<size_t> at_once_ = 0;
  std::atomic<size_t> most_at_once_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::list<Connection> connections_;
  std::vector<Request> requests_;
};

}  // namespace secretfs::testkit
