#include "daemon/credential_server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <list>
#include <mutex>
#include <thread>

#include "daemon/credential_request.h"

namespace secretfs {
namespace {

using namespace std::chrono_literals;
using credential_request::Examine;
using credential_request::Request;

constexpr size_t kMaxConnections = 64;  // others stay in the kernel's queue
/// Who does not take his answer for longer than systemd gives a unit to start is not systemd.
/// Cutting it off sooner could leave him with a part that he takes for all of it.
constexpr std::chrono::minutes kSendingTime{2};
constexpr std::chrono::seconds kStoppingTime{2};
/// Of a refusal: well over what systemd takes, also of a credential that is encrypted and in
/// base64.
constexpr size_t kRefusalBytes = 4 * kMaxCredentialBytes;
constexpr size_t kZeros = size_t{64} << 10U;

ByteView Zeros(size_t most) {
  static constexpr std::array<std::byte, kZeros> kNothing{};
  return ByteView(kNothing).first(std::min(most, kNothing.size()));
}

/// What workers have found, for the server's thread. Outlives the server while they hold it.
class Mailbox {
 public:
  struct Letter {
    uint64_t connection;
    Result<ValuePtr> value;
  };
  void Put(Letter letter) {
    {
      const std::lock_guard lock(mutex_);
      letters_.push_back(std::move(letter));
    }
    Ring();
  }
  std::vector<Letter> TakeAll() {
    eventfd_t rung = 0;
    eventfd_read(bell_.get(), &rung);
    const std::lock_guard lock(mutex_);
    return std::exchange(letters_, {});
  }
  void Ring() { eventfd_write(bell_.get(), 1); }
  [[nodiscard]] int fd() const noexcept { return bell_.get(); }

 private:
  const UniqueFd bell_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex_;
  std::vector<Letter> letters_;
};

struct Connection {
  uint64_t number;
  UniqueFd fd;
  AuditEvent event;
  Loader::Ticket ticket = 0;
  bool sending = false;   // else it waits for its value
  SteadyTime deadline{};  // of the sending
  ValuePtr value{};       // that is sent; null: a refusal
  size_t sent = 0;
  [[nodiscard]] ByteView Rest() const {
    if (!value) return Zeros(kRefusalBytes - sent);
    return value->bytes.Expose().subspan(sent);
  }
};

class SocketServer final : public CredentialServer {
 public:
  SocketServer(std::vector<CredentialListener> listeners, const Services& services)
      : services_(services), listeners_(std::move(listeners)), thread_([this](const auto& stop) {
          pthread_setname_np(pthread_self(), "credentials");
          Serve(stop);
        }) {}
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;
  ~SocketServer() override {
    thread_.request_stop();
    mailbox_->Ring();
  }

 private:
  void Serve(const std::stop_token& stop) {
    std::vector<pollfd> polled;
    while (!stop.stop_requested()) {
      polled.assign(1, {mailbox_->fd(), POLLIN, 0});
      for (const Connection& connection : connections_) {
        const short sending = connection.sending ? POLLOUT : 0;
        polled.push_back({connection.fd.get(), sending, 0});
      }
      const bool full = connections_.size() >= kMaxConnections;
      for (const CredentialListener& listener : listeners_) {
        polled.push_back({full ? -1 : listener.fd(), POLLIN, 0});
      }
      ::poll(polled.data(), polled.size(), TimeLeft());
      ServeConnections(polled);
      DeliverValues();
      for (size_t i = 0; i < listeners_.size(); ++i) {
        const pollfd& at = polled[polled.size() - listeners_.size() + i];
        if (at.revents != 0) Accept(listeners_[i]);
      }
    }
    RefuseAll();
  }

  /// For poll: until the first deadline, rounded up.
  [[nodiscard]] int TimeLeft() const {
    auto first = SteadyTime::max();
    for (const Connection& connection : connections_) {
      if (connection.sending) first = std::min(first, connection.deadline);
    }
    if (first == SteadyTime::max()) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(first - services_.clock.Steady()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
  }

  /// `polled` has them from its second place on.
  void ServeConnections(const std::vector<pollfd>& polled) {
    size_t place = 1;
    for (auto at = connections_.begin(); at != connections_.end();) {
      const short events = polled[place++].revents;
      const bool over = at->sending ? !Send(*at) : (events & (POLLHUP | POLLERR)) != 0;
      if (over && !at->sending) GiveUp(*at);
      at = over ? connections_.erase(at) : std::next(at);
    }
  }

  void Accept(const CredentialListener& listener) {
    UniqueFd fd(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      if (errno != EMFILE && errno != ENFILE) return;
      services_.log.Warning("credentials_wait", {{"reason", "too many open files"}});
      std::this_thread::sleep_for(1s);  // poll would give no pause
      return;
    }
    // As much as the system lets: what is in the kernel is not cut off when this process is killed.
    const int buffer = 2 * kMaxCredentialBytes;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    Request request = Examine(fd.get(), listener.socket().scope, services_);
    Connection& connection = connections_.emplace_back(
        Connection{++last_number_, std::move(fd), std::move(request.event)});
    if (!request.entry) return Refuse(connection);
    const auto done = [mailbox = mailbox_, number = connection.number](const auto& value) {
      mailbox->Put({number, value});
    };
    connection.ticket =
        services_.loader.Want(request.entry, services_.clock.Steady() + request.wait,
                              Loader::Patience::kUntilDeadline, done);
  }

  void DeliverValues() {
    for (Mailbox::Letter& letter : mailbox_->TakeAll()) {
      const auto at = std::ranges::find(connections_, letter.connection, &Connection::number);
      if (at != connections_.end()) Answer(*at, letter.value);
    }
  }

  void Answer(Connection& connection, const Result<ValuePtr>& value) {
    AuditEvent& event = connection.event;
    if (!value) {
      event.failure = value.error().Text();
    } else if ((*value)->size() > kMaxCredentialBytes) {
      event.failure = "it has over 1 MiB, which is more than systemd takes";
    } else {
      event.version = (*value)->version;
    }
    const bool recorded = Record(event);
    if (!event.failure.empty() || !recorded) return BeginSending(connection, nullptr);
    BeginSending(connection, *value);
  }

  void Refuse(Connection& connection) {
    static_cast<void>(Record(connection.event));  // nothing is given in any case
    BeginSending(connection, nullptr);
  }

  /// Failures are for the log, whatever the audit file wants.
  bool Record(const AuditEvent& event) {
    if (event.failure.empty() && !services_.audit.Wants(event.allowed)) return true;
    return services_.audit.Record(event);
  }

  void BeginSending(Connection& connection, ValuePtr value) {
    connection.value = std::move(value);
    connection.sending = true;
    connection.deadline = services_.clock.Steady() + kSendingTime;
  }

  /// Whether there is more to send, and time for it.
  bool Send(Connection& connection) {
    for (ByteView rest = connection.Rest(); !rest.empty(); rest = connection.Rest()) {
      const ssize_t n =
          ::send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return services_.clock.Steady() < connection.deadline;
      if (n < 0) return false;
      connection.sent += static_cast<size_t>(n);
    }
    return false;
  }

  /// Who asked has gone; the work goes on for others.
  void GiveUp(Connection& connection) {
    services_.loader.Cancel(connection.ticket);
    connection.event.failure = "interrupted";
    static_cast<void>(Record(connection.event));
  }

  /// The end of a connection is the end of a credential, so everybody is answered in full before it
  /// is closed. Who is still in the kernel's queue gets an error then.
  void RefuseAll() {
    for (Connection& connection : connections_) {
      if (connection.sending) continue;
      services_.loader.Cancel(connection.ticket);
      connection.event.failure = "secretfs is stopping";
      Refuse(connection);
    }
    const SteadyTime end = services_.clock.Steady() + kStoppingTime;
    std::vector<pollfd> polled;
    while (!connections_.empty() && services_.clock.Steady() < end) {
      polled.assign(1, {-1, 0, 0});
      for (const Connection& connection : connections_) {
        polled.push_back({connection.fd.get(), POLLOUT, 0});
      }
      ::poll(polled.data(), polled.size(), static_cast<int>(kStoppingTime / 1ms));
      ServeConnections(polled);
    }
  }

  const Services services_;
  const std::vector<CredentialListener> listeners_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::list<Connection> connections_;
  uint64_t last_number_ = 0;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<CredentialServer>> CredentialServer::Start(
    std::vector<CredentialSocket> sockets, const Services& services) {
  std::vector<CredentialListener> listeners;
  for (CredentialSocket& socket : sockets) {
    listeners.push_back(TRY(CredentialListener::Make(std::move(socket))));
  }
  return std::unique_ptr<CredentialServer>(
      std::make_unique<SocketServer>(std::move(listeners), services));
}

}  // namespace secretfs
