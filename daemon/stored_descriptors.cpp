#include "daemon/stored_descriptors.h"

#include <fcntl.h>
#include <systemd/sd-daemon.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace secretfs {
namespace {

constexpr uint64_t kPatience = 5'000'000;  // microseconds
constexpr std::array<const char*, 3> kNames{"fuse", "state", "root"};

UniqueFd& ByName(ConnectionDescriptors& descriptors, size_t index) {
  const std::array<UniqueFd*, 3> all{&descriptors.device, &descriptors.state, &descriptors.root};
  return *all.at(index);
}

/// Takes what is one of ours; anything else is closed.
void Take(ConnectionDescriptors& descriptors, std::string_view name, int number) {
  UniqueFd fd(number);
  ::fcntl(number, F_SETFD, FD_CLOEXEC);
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames.at(i)) ByName(descriptors, i) = std::move(fd);
  }
}

}  // namespace

Result<ConnectionDescriptors> TakeStored() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  ConnectionDescriptors descriptors;
  for (int i = 0; i < count; ++i) {
    Take(descriptors, names[i], SD_LISTEN_FDS_START + i);
    std::free(names[i]);  // NOLINT(cppcoreguidelines-no-malloc): libsystemd's
  }
  std::free(static_cast<void*>(names));  // NOLINT(cppcoreguidelines-no-malloc)
  if (!descriptors.device || !descriptors.state || !descriptors.root) {
    return Error{Code::kNotFound, "systemd did not pass the descriptors of the mount", "",
                 "the unit needs FileDescriptorStoreMax=4 and ExecStartPre=+secretfs premount"};
  }
  return descriptors;
}

Status Store(const ConnectionDescriptors& descriptors) {
  const std::array<int, 3> all{descriptors.device.get(), descriptors.state.get(),
                               descriptors.root.get()};
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string text =
        std::string("FDSTORE=1\nFDPOLL=0\nFDNAME=").append(kNames.at(i)).append("\n");
    const int sent = sd_pid_notify_with_fds(0, 0, text.c_str(), &all.at(i), 1);
    if (sent < 0) return SystemError(-sent, "cannot give systemd descriptors to keep", "");
    if (sent == 0) {
      return Error{Code::kUnavailable, "there is no systemd to keep descriptors", "",
                   "this is for ExecStartPre= of secretfs.service, with NotifyAccess=all"};
    }
  }
  // systemd must have looked us up before we are gone.
  const int done = sd_notify_barrier(0, kPatience);
  if (done < 0) {
    Error error = SystemError(-done, "systemd did not take the descriptors", "");
    error.code = Code::kTimeout;
    return error;
  }
  return Ok{};
}

void ForgetStored(Notifier& manager) {
  for (const char* name : kNames) manager.Tell(std::string("FDSTOREREMOVE=1\nFDNAME=") + name);
}

}  // namespace secretfs
