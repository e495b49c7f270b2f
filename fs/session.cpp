#include "fs/session.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/file.h"
#include "fs/fuse_api.h"
#include "fs/ops.h"

namespace secretfs::fs {
namespace {

constexpr size_t kMostAfterStop = 1000;
constexpr int kBeatMs = 250;

ssize_t ReadDevice(int fd, void* buffer, size_t size, void* /*state*/) {
  return ::read(fd, buffer, size);
}

/// libfuse before 3.17 does not pass FUSE_CAP_PARALLEL_DIROPS on, so it is put into the reply to
/// INIT here: the first after OnInit, as the kernel asks for nothing else before.
void MendInitReply(BridgeState& state, const iovec* parts, int count) {
  if (!state.side_by_side || !state.side_by_side.exchange(false)) return;
  if (count == 2 && parts[1].iov_len >= FUSE_COMPAT_22_INIT_OUT_SIZE)
    static_cast<fuse_init_out*>(parts[1].iov_base)->flags |= FUSE_PARALLEL_DIROPS;
}

ssize_t WriteDevice(int /*fd*/, iovec* parts, int count, void* state) {
  BridgeState& bridge = *static_cast<BridgeState*>(state);
  MendInitReply(bridge, parts, count);
  return bridge.device.Write(parts, count, [](ssize_t) {});
}

/// The buffer that libfuse allocates for requests.
struct RequestBuffer {
  fuse_buf buffer{};
  RequestBuffer() = default;
  RequestBuffer(const RequestBuffer&) = delete;
  RequestBuffer& operator=(const RequestBuffer&) = delete;
  ~RequestBuffer() {
    std::free(buffer.mem);
  }  // NOLINT(cppcoreguidelines-no-malloc): libfuse's malloc
};

}  // namespace

void Session::Free::operator()(fuse_session* session) const noexcept {
  fuse_session_destroy(session);
}

Session::Session(const Mount& mount, const Ops& ops, ProcGroups& groups, State* state,
                 UniqueFd stop)
    : mount_(mount),
      state_(state),
      stop_(std::move(stop)),
      device_(mount.device.get()),
      bridge_(ops, groups, device_) {}

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::Create(const Mount& mount, const Ops& ops,
                                                 ProcGroups& groups, State* state,
                                                 Recovery /*recovery*/) {
  if (state != nullptr && state->begun()) {
    return Error{Code::kUnsupported, "this connection cannot be taken over", mount.path, ""};
  }
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return SystemError(errno, "cannot make an eventfd", "");
  std::unique_ptr<Session> session(new Session(mount, ops, groups, state, std::move(stop)));
  std::array<char, 9> name{"secretfs"};
  std::array<char*, 2> argv{name.data(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(1, argv.data());
  session->session_.reset(
      fuse_session_new(&args, &BridgeTable(), sizeof(fuse_lowlevel_ops), &session->bridge_));
  fuse_opt_free_args(&args);
  if (!session->session_) return Error{Code::kResource, "libfuse cannot make a session", "", ""};
  constexpr fuse_custom_io kIo{WriteDevice, ReadDevice, nullptr, nullptr};
  // libfuse closes the descriptor with its session, so it gets one of its own.
  const int own = ::fcntl(mount.device.get(), F_DUPFD_CLOEXEC, 3);
  if (own < 0 || fuse_session_custom_io(session->session_.get(), &kIo, own) != 0) {
    return Error{Code::kResource, "libfuse cannot use the connection", "", ""};
  }
  session->bridge_.names_last = mount.id != 0 && MayOpenByHandle();
  return session;
}

Result<bool> Session::WaitForRequest() const {
  std::array<pollfd, 2> waits{{{mount_.device.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  for (;;) {
    if (state_ != nullptr) state_->Beat();
    const int ready = ::poll(waits.data(), waits.size(), state_ == nullptr ? -1 : kBeatMs);
    if (ready > 0) return (waits[1].revents & POLLIN) == 0;
    if (ready < 0 && errno != EINTR)
      return SystemError(errno, "cannot wait for requests", "/dev/fuse");
  }
}

Status Session::Serve() {
  Status ended = Receive();
  if (leaving_) device_.Close();
  return ended;
}

Status Session::Receive() {
  RequestBuffer request;
  // Who already asked when Stop() came still gets an answer, but a reader in a loop cannot keep us.
  for (size_t after_stop = 0; after_stop < kMostAfterStop; after_stop += stopping_ ? 1 : 0) {
    if (leaving_) return Ok{};
    if (state_ != nullptr) state_->Beat();
    const int size = fuse_session_receive_buf(session_.get(), &request.buffer);
    if (size > 0) {
      fuse_session_process_buf(session_.get(), &request.buffer);
    } else if (size == 0) {
      return Ok{};  // unmounted
    } else if (size == -EAGAIN) {
      if (!TRY(WaitForRequest())) return Ok{};
    } else if (size != -EINTR) {
      return SystemError(-size, "cannot receive requests", "/dev/fuse");
    }
  }
  return Ok{};
}

void Session::Announce(const Changes& changes) {
  // Attributes alone, since whoever lists a folder can hold its lock, and pages of its listing, as
  // long as he likes. A gone inode is answered ESTALE, on which the kernel asks for the name anew;
  // a folder's time tells it that the listing is another.
  const auto forget = [this](uint64_t inode) {
    fuse_lowlevel_notify_inval_inode(session_.get(), inode, -1, 0);
  };
  std::ranges::for_each(changes.gone, forget);
  std::ranges::for_each(changes.directories, forget);
  for (const Changes::File& file : changes.files) forget(file.inode);
  for (const Changes::File& file : changes.files) {
    if (file.content) bridge_.polls.Wake(file.inode);
  }
  Touch(changes);
}

void Session::Touch(const Changes& changes) {
  if ((changes.files.empty() && changes.gone.empty()) || stopping_ || !bridge_.names_last) return;
  const auto copy = WritableCopy(mount_);
  if (!copy) return;
  const UniqueFd root(::openat(copy->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return;
  for (const uint64_t inode : changes.gone) Expire(root.get(), inode);
  TouchingThread self(bridge_.touching);
  for (const Changes::File& file : changes.files) {
    if (stopping_) return;
    self.Touch(root.get(), file);
  }
}

void Session::Stop() noexcept {
  stopping_ = true;
  eventfd_write(stop_.get(), 1);
}

void Session::Leave() noexcept {
  leaving_ = true;
  Stop();
}

}  // namespace secretfs::fs
