#include "daemon/unit_actions.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "core/unit_request.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

constexpr size_t kMostWaiting = 10'000;
constexpr int kFullPause = 50;  // milliseconds until a full socket is tried again
constexpr int kMostPauses = 600;

class SocketActions final : public UnitActions {
 public:
  SocketActions(std::string socket, Log& log) : path_(std::move(socket)), log_(log) {}

  void Ask(const OnChange& what, const std::string& secret) override {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() < kMostWaiting) {
        waiting_.push_back({what, secret});
        changed_.notify_one();
        return;
      }
    }
    Complain({what, secret}, "too many requests wait for the actor");
  }

 private:
  struct Wish {
    OnChange what;
    std::string secret;
  };

  void Run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "actions");
    while (true) {
      Wish wish;
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
        wish = std::move(waiting_.front());
        waiting_.pop_front();
      }
      Send(wish, stop);
    }
  }

  void Send(const Wish& wish, const std::stop_token& stop) {
    const Status sent = SendText(UnitRequest(wish.what), stop);
    if (!sent) {
      Complain(wish, sent.error().Text());
      return;
    }
    hint_given_ = false;
    log_.Info("unit_asked", {{"action", ActionName(wish.what.action)},
                             {"unit", wish.what.unit},
                             {"secret", wish.secret}});
  }

  Status SendText(const std::string& text, const std::stop_token& stop) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof(address.sun_path)) {
      return Error{Code::kInvalid, "the path of the actor's socket is too long", path_, ""};
    }
    std::memcpy(address.sun_path, path_.data(), path_.size());
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return SystemError(errno, "cannot make a socket", "");
    for (int pauses = 0;; ++pauses) {
      if (::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&address), sizeof(address)) >= 0) {
        return Ok{};
      }
      const bool full = errno == EAGAIN || errno == ENOBUFS;
      if (!full || pauses == kMostPauses || stop.stop_requested()) {
        return SystemError(errno, "cannot ask the actor", path_);
      }
      ::poll(nullptr, 0, kFullPause);
    }
  }

  void Complain(const Wish& wish, const std::string& reason) {
    const bool hint = !hint_given_.exchange(true);
    log_.Warning("unit_not_asked",
                 {{"action", ActionName(wish.what.action)},
                  {"unit", wish.what.unit},
                  {"secret", wish.secret},
                  {"reason", reason},
                  {"hint", hint ? "systemctl enable --now secretfs-actor.socket" : ""}});
  }

  const std::string path_;
  Log& log_;
  std::atomic<bool> hint_given_{false};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Wish> waiting_;
  std::jthread sender_{[this](const std::stop_token& stop) { Run(stop); }};  // ends first
};

}  // namespace

std::unique_ptr<UnitActions> UnitActions::Make(std::string socket, Log& log) {
  return std::make_unique<SocketActions>(std::move(socket), log);
}

std::string ActorSocket() {
  const std::string folder = RuntimeFolder();
  return (folder.empty() ? "/run/secretfs" : folder) + "/actor.sock";
}

void CheckForActor(const std::vector<File>& files, Log& log) {
  const bool needed = std::ranges::any_of(
      files, [](const File& file) { return !file.consumers.on_change.empty(); });
  if (!needed || ::access(ActorSocket().c_str(), F_OK) == 0) return;
  log.Warning("no_actor", {{"reason", ActorSocket() + " is not there: on_change does nothing"},
                           {"hint", "systemctl enable --now secretfs-actor.socket"}});
}

}  // namespace secretfs
