#include "daemon/own_unit.h"

#include <systemd/sd-bus.h>

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "core/unit.h"

namespace secretfs {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr uint64_t kPatience = 5'000'000;  // microseconds

/// libsystemd's error, with what was wanted of it.
struct Answer {
  sd_bus_error error{};
  sd_bus_message* message = nullptr;
  Answer() = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() {
    sd_bus_error_free(&error);
    sd_bus_message_unref(message);
  }
  [[nodiscard]] Error Failed(int number) const {
    Error failed = SystemError(number, "systemd does not tell about our unit", "");
    if (error.message != nullptr) failed.what += ": " + Printable(error.message);
    failed.code = Code::kUnavailable;
    return failed;
  }
};

}  // namespace

void OwnUnit::Close::operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }

Result<OwnUnit> OwnUnit::Ask(const std::string& socket) {
  const Bytes cgroup = TRY(ReadFile("/proc/self/cgroup", size_t{1} << 20U));
  const std::string unit = UnitsOf(AsText(cgroup)).unit;
  if (unit.empty()) {
    return Error{Code::kNotFound, "this process is in no unit of systemd", "",
                 "it is for secretfs.service"};
  }
  OwnUnit own;
  char* path = nullptr;
  if (sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &path) >= 0) {
    own.path_ = path;
    std::free(path);  // NOLINT(cppcoreguidelines-no-malloc): libsystemd's
  }
  sd_bus* bus = nullptr;
  int result = sd_bus_new(&bus);
  own.bus_.reset(bus);
  if (result >= 0) result = sd_bus_set_address(bus, ("unix:path=" + socket).c_str());
  if (result >= 0) result = sd_bus_set_method_call_timeout(bus, kPatience);
  if (result >= 0) result = sd_bus_start(bus);
  if (result < 0) {
    Error error = SystemError(-result, "cannot reach systemd", socket);
    error.code = Code::kUnavailable;
    return error;
  }
  return own;
}

Result<uint32_t> OwnUnit::StoredDescriptors() const {
  Answer answer;
  uint32_t count = 0;
  const int result = sd_bus_get_property_trivial(
      bus_.get(), kService, path_.c_str(), "org.freedesktop.systemd1.Service",
      "NFileDescriptorStore", &answer.error, 'u', &count);
  if (result < 0) return answer.Failed(-result);
  return count;
}

Result<std::string> OwnUnit::Job() const {
  Answer job;
  uint32_t id = 0;
  const char* path = nullptr;
  int result =
      sd_bus_get_property(bus_.get(), kService, path_.c_str(), "org.freedesktop.systemd1.Unit",
                          "Job", &job.error, &job.message, "(uo)");
  if (result >= 0) result = sd_bus_message_read(job.message, "(uo)", &id, &path);
  if (result < 0) return job.Failed(-result);
  if (id == 0) return std::string();
  Answer type;
  char* text = nullptr;
  result = sd_bus_get_property_string(bus_.get(), kService, path, "org.freedesktop.systemd1.Job",
                                      "JobType", &type.error, &text);
  if (result < 0) return type.Failed(-result);
  std::string found = text;
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): libsystemd's
  return found;
}

}  // namespace secretfs
