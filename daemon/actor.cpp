#include "daemon/actor.h"

#include <poll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "core/unit_request.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

constexpr int kIdle = 30'000;         // milliseconds
constexpr size_t kMostAtOnce = 1000;  // requests for one reading of the configuration

/// What waits in the socket. A datagram that is too long comes cut, but longer than any request.
Result<std::vector<std::string>> Receive(int socket) {
  std::vector<std::string> requests;
  while (requests.size() < kMostAtOnce) {
    std::array<char, kLongestUnitRequest + 1> buffer{};
    const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n >= 0) {
      requests.emplace_back(buffer.data(), static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return SystemError(errno, "cannot receive requests", "");
    }
  }
  return requests;
}

}  // namespace

void Actor::Handle(std::span<const std::string> requests) {
  Learn();
  for (const std::string& request : requests) Do(request);
}

void Actor::Learn() {
  const auto config = read_();
  if (!config) {
    log_.Error("config_invalid",
               {{"reason", config.error().Text()}, {"hint", config.error().hint}});
    return;
  }
  allowed_.clear();
  const auto allow = [this](const Consumers& consumers) {
    allowed_.insert(consumers.on_change.begin(), consumers.on_change.end());
  };
  for (const SecretConfig& secret : config->secrets) allow(secret.consumers);
  for (const ViewConfig& view : config->views) allow(view.consumers);
}

void Actor::Do(const std::string& request) {
  const auto action = ParseUnitRequest(request);
  if (!action) {
    log_.Warning("request_refused",
                 {{"request", Quote(request)}, {"reason", action.error().Text()}});
    return;
  }
  if (!allowed_.contains(*action)) {
    log_.Warning("request_refused",
                 {{"request", Quote(request)}, {"reason", "no on_change declares it"}});
    return;
  }
  if (const Status done = manager_.Do(*action); !done) {
    log_.Error("unit_action_failed", {{"action", ActionName(action->action)},
                                      {"unit", action->unit},
                                      {"reason", done.error().Text()},
                                      {"hint", done.error().hint}});
    return;
  }
  log_.Info("unit_action", {{"action", ActionName(action->action)}, {"unit", action->unit}});
}

Status RunActor(const std::string& config, UnitManager& manager, Log& log) {
  const int socket = SD_LISTEN_FDS_START;
  if (sd_listen_fds(1) != 1 || sd_is_socket(socket, AF_UNIX, SOCK_DGRAM, -1) <= 0) {
    return Error{Code::kInvalid, "the actor needs its socket, and is started by systemd", "",
                 "systemctl enable --now secretfs-actor.socket"};
  }
  Actor actor([&config] { return ReadConfig(config, DefaultsForThisUser()); }, manager, log);
  while (true) {
    pollfd wait{socket, POLLIN, 0};
    const int ready = ::poll(&wait, 1, kIdle);
    if (ready == 0) return Ok{};
    if (ready < 0 && errno != EINTR) return SystemError(errno, "cannot wait for requests", "");
    const std::vector<std::string> requests = TRY(Receive(socket));
    if (!requests.empty()) actor.Handle(requests);
  }
}

}  // namespace secretfs
