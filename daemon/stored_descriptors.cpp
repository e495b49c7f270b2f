#include "daemon/stored_descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace secretfs {
namespace {

constexpr uint64_t kPatience = 5'000'000;  // microseconds
constexpr std::array<const char*, 3> kNames{"fuse", "state", "root"};

/// A message of one byte, with room for one descriptor.
struct Parcel {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  Parcel() noexcept {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;
};

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

/// A socket in which `fd` waits to be received. systemd looks at what it is given to keep (fstat,
/// from 254 on), and a folder of the mount would have it wait for a server.
Result<UniqueFd> Wrap(int fd) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return SystemError(errno, "cannot make a socket", "");
  }
  UniqueFd keeping(pair[0]);
  const UniqueFd giving(pair[1]);
  Parcel parcel;
  cmsghdr* const header = CMSG_FIRSTHDR(&parcel.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(fd));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  if (::sendmsg(giving.get(), &parcel.message, MSG_NOSIGNAL) < 0) {
    return SystemError(errno, "cannot put a descriptor into a socket", "");
  }
  return keeping;
}

/// What waits in it, which stays there; none if nothing does.
UniqueFd Unwrap(int socket) {
  Parcel parcel;
  const ssize_t n = ::recvmsg(socket, &parcel.message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const cmsghdr* const header = n < 0 ? nullptr : CMSG_FIRSTHDR(&parcel.message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return UniqueFd(fd);
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
  descriptors.root = Unwrap(descriptors.root.get());
  if (!descriptors.device || !descriptors.state || !descriptors.root) {
    return Error{Code::kNotFound, "systemd did not pass the descriptors of the mount", "",
                 "the unit needs FileDescriptorStoreMax=4 and ExecStartPre=+secretfs premount"};
  }
  return descriptors;
}

Status Store(const ConnectionDescriptors& descriptors) {
  const UniqueFd root = TRY(Wrap(descriptors.root.get()));
  const std::array<int, 3> all{descriptors.device.get(), descriptors.state.get(), root.get()};
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
