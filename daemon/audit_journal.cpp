#include "daemon/audit_journal.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/file.h"

namespace secretfs {
namespace {

constexpr size_t kMostWaiting = 10'000;
constexpr size_t kBatch = 64;
constexpr int kPatience = 100;  // milliseconds, for a journal that is behind

}  // namespace

AuditJournal::AuditJournal(std::string socket)
    : socket_(std::move(socket)), entries_(kMostWaiting, std::numeric_limits<size_t>::max()) {}

void AuditJournal::Add(std::string entry, bool granted) { entries_.Add(std::move(entry), granted); }

Status AuditJournal::Connect() {
  if (fd_) return Ok{};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof(address.sun_path)) {
    return Error{Code::kInvalid, "is too long for the path of a socket", socket_, ""};
  }
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return SystemError(errno, "cannot make a socket for the journal", socket_);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return SystemError(errno, "cannot reach the journal", socket_);
  }
  fd_ = std::move(fd);
  return Ok{};
}

Status AuditJournal::Flush() {
  while (!entries_.empty()) {
    const bool connected = static_cast<bool>(fd_);
    TRY(Connect());
    Status sent = SendSome();
    // A journal that was started anew has another socket.
    if (!sent && connected && !fd_) {
      TRY(Connect());
      sent = SendSome();
    }
    if (!sent) return sent;
  }
  return Ok{};
}

Status AuditJournal::SendSome() {
  const size_t count = std::min(entries_.size(), kBatch);
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> parts{};
  for (size_t i = 0; i < count; ++i) {
    const std::string& text = entries_.lines()[i].text;
    parts[i] = {const_cast<char*>(text.data()), text.size()};  // it is only read
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (bool waited = false;; waited = true) {
    const int sent = ::sendmmsg(fd_.get(), messages.data(), static_cast<unsigned>(count),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      for (int i = 0; i < sent; ++i) entries_.PopFront();
      return Ok{};
    }
    const int problem = errno;
    if (problem == EINTR) continue;
    if (problem == EMSGSIZE) {
      entries_.LoseFront();
      return Ok{};
    }
    if (problem != EAGAIN) fd_.reset();
    if (problem != EAGAIN || waited) {
      return SystemError(problem, "the journal does not take it", socket_);
    }
    pollfd ready{fd_.get(), POLLOUT, 0};
    ::poll(&ready, 1, kPatience);
  }
}

}  // namespace secretfs
