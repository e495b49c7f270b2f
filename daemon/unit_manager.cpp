#include "daemon/unit_manager.h"

#include <systemd/sd-bus.h>

#include <cerrno>
#include <string>

#include "base/file.h"
#include "base/text.h"

namespace secretfs {
namespace {

struct CloseBus {
  void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
using BusPtr = std::unique_ptr<sd_bus, CloseBus>;

struct BusError {
  sd_bus_error error{};
  BusError() = default;
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;
  ~BusError() { sd_bus_error_free(&error); }
};

class Systemd final : public UnitManager {
 public:
  explicit Systemd(std::string socket) : socket_(std::move(socket)) {}

  Status Do(const OnChange& action) override {
    if (!bus_) TRY(Connect());
    BusError failure;
    const int result = Call(action, failure.error);
    if (result >= 0) return Ok{};
    const bool answered = sd_bus_error_is_set(&failure.error) != 0;
    const bool gone = sd_bus_is_open(bus_.get()) <= 0;
    if (!answered || gone) bus_.reset();
    return Because(failure.error, -result, action.unit);
  }

 private:
  Status Connect() {
    sd_bus* made = nullptr;
    int result = sd_bus_new(&made);
    BusPtr bus(made);
    if (result >= 0) result = sd_bus_set_address(made, ("unix:path=" + socket_).c_str());
    if (result >= 0) result = sd_bus_start(made);
    if (result < 0) {
      Error error = SystemError(-result, "cannot reach systemd", socket_);
      error.code = Code::kUnavailable;
      error.hint = "units are restarted, reloaded and signalled by systemd alone";
      return error;
    }
    bus_ = std::move(bus);
    return Ok{};
  }

  int Call(const OnChange& action, sd_bus_error& error) const {
    const auto call = [&](const char* method, const char* types, auto... arguments) {
      return sd_bus_call_method(bus_.get(), "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                "org.freedesktop.systemd1.Manager", method, &error, nullptr, types,
                                action.unit.c_str(), arguments...);
    };
    switch (action.action) {
      case OnChange::Action::kRestart:
        return call("TryRestartUnit", "ss", "replace");
      case OnChange::Action::kReload:
        return call("ReloadOrTryRestartUnit", "ss", "replace");
      case OnChange::Action::kSignal:
        break;
    }
    return call("KillUnit", "ssi", "main", action.signal);
  }

  static Error Because(const sd_bus_error& answer, int number, const std::string& unit) {
    Error error = SystemError(number, "systemd refused", unit);
    if (sd_bus_error_is_set(&answer) == 0) {
      error.what = "systemd does not answer";
      error.code = Code::kUnavailable;
    } else if (answer.message != nullptr) {
      error.what = "systemd refused: " + Printable(answer.message);
    }
    if (sd_bus_error_has_name(&answer, "org.freedesktop.systemd1.NoSuchUnit") != 0) {
      error.code = Code::kNotFound;
    }
    return error;
  }

  const std::string socket_;
  BusPtr bus_;
};

}  // namespace

std::unique_ptr<UnitManager> SystemdManager(std::string socket) {
  return std::make_unique<Systemd>(std::move(socket));
}

}  // namespace secretfs
