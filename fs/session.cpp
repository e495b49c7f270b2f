#include "fs/session.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/file.h"
#include "fs/fuse_api.h"
#include "fs/negotiation.h"
#include "fs/ops.h"

namespace secretfs::fs {
namespace {

constexpr size_t kMostAfterStop = 1000;
constexpr int kBeatMs = 250;
/// A server that lives so long does not die of what it took over.
constexpr int64_t kSettledMs = 2000;
/// After so many servers that did not, what they left is served one by one: this long each, and so
/// many, as nobody else is served meanwhile.
constexpr uint64_t kStartsInARow = 3;
constexpr int kTrials = 20;
constexpr int kTrialMs = 50;
// Of newer kernels than the header's.
constexpr int kNotifyResend = 7;
constexpr int kNotifyIncEpoch = 8;

/// Not used: requests are read to where they are kept. libfuse wants one all the same.
ssize_t ReadDevice(int fd, void* buffer, size_t size, void* /*state*/) {
  return ::read(fd, buffer, size);
}

}  // namespace

void Session::Free::operator()(fuse_session* session) const noexcept {
  fuse_session_destroy(session);
}

Session::Session(const Mount& mount, const Ops& ops, ProcGroups& groups, State* state,
                 Recovery recovery, UniqueFd stop)
    : mount_(mount),
      state_(state),
      recovery_(recovery),
      stop_(std::move(stop)),
      device_(mount.device.get()),
      bridge_(ops, groups, device_, state, recovery.slots) {}

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::Create(const Mount& mount, const Ops& ops,
                                                 ProcGroups& groups, State* state,
                                                 Recovery recovery) {
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return SystemError(errno, "cannot make an eventfd", "");
  std::unique_ptr<Session> session(
      new Session(mount, ops, groups, state, recovery, std::move(stop)));
  std::array<char, 9> name{"secretfs"};
  std::array<char*, 2> argv{name.data(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(1, argv.data());
  session->session_.reset(
      fuse_session_new(&args, &BridgeTable(), sizeof(fuse_lowlevel_ops), &session->bridge_));
  fuse_opt_free_args(&args);
  if (!session->session_) return Error{Code::kResource, "libfuse cannot make a session", "", ""};
  constexpr fuse_custom_io kIo{WriteReply, ReadDevice, nullptr, nullptr};
  // libfuse closes the descriptor with its session, so it gets one of its own.
  const int own = ::fcntl(mount.device.get(), F_DUPFD_CLOEXEC, 3);
  if (own < 0 || fuse_session_custom_io(session->session_.get(), &kIo, own) != 0) {
    return Error{Code::kResource, "libfuse cannot use the connection", "", ""};
  }
  session->bridge_.names_last = (mount.id != 0 || mount.root) && MayOpenByHandle();
  if (state != nullptr && state->begun()) TRY(session->Rehearse());
  return session;
}

/// Brings libfuse to where it would be had it answered the INIT of this connection, and makes sure
/// that it would have given the same answer.
Status Session::Rehearse() {
  const Agreement& agreement = state_->layout().agreement;
  const auto saved = [](const std::array<std::byte, kInitBytes>& bytes, size_t size) {
    return ByteView(bytes).first(std::min(size, bytes.size()));
  };
  const ByteView reply = saved(agreement.reply, agreement.reply_size);
  auto request = AgreedRequest(saved(agreement.request, agreement.request_size), reply);
  const Error other{Code::kUnsupported,
                    "this connection cannot be taken over: it is set up otherwise", mount_.path,
                    "mount afresh"};
  if (!request) return other;
  if (recovery_.resend && OffersResend(saved(agreement.request, agreement.request_size)))
    bridge_.journal.TrustKernel();
  fuse_buf buffer{};
  buffer.mem = request->data();
  buffer.size = request->size() - kBehindRequest;
  bridge_.rehearsed.emplace();
  bridge_.init = HeadOf(*request)->unique;
  fuse_session_process_buf(session_.get(), &buffer);
  const bool same = bridge_.init == 0 && KeepsAgreement(reply, *bridge_.rehearsed);
  bridge_.rehearsed.reset();
  if (!same || fuse_session_exited(session_.get()) != 0) return other;
  rehearsed_ = true;
  return Ok{};
}

void Session::Beat() {
  if (state_ == nullptr) return;
  state_->Beat();
  if (began_ == 0 || state_->last_beat() - began_ < kSettledMs) return;
  state_->layout().starts = 0;
  began_ = 0;
}

Result<bool> Session::WaitForRequest() {
  std::array<pollfd, 2> waits{{{mount_.device.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  for (;;) {
    Beat();
    const int ready = ::poll(waits.data(), waits.size(), state_ == nullptr ? -1 : kBeatMs);
    if (ready > 0) return (waits[1].revents & POLLIN) == 0;
    if (ready < 0 && errno != EINTR)
      return SystemError(errno, "cannot wait for requests", "/dev/fuse");
  }
}

Status Session::Serve() {
  Status ended = TakeOver();
  taken_over_ = true;
  taken_over_.notify_all();
  if (ended) ended = Receive();
  if (state_ != nullptr && ended) state_->layout().starts = 0;
  if (leaving_) device_.Close();
  return ended;
}

/// Gets what the server before us has not answered.
Status Session::TakeOver() {
  if (state_ == nullptr) return Ok{};
  state_->Beat();
  if (state_->begun() && !rehearsed_) TRY(Rehearse());
  bridge_.records.Adopt();
  if (++state_->counters().generations == 1) return Ok{};
  began_ = State::Now();
  trials_ = ++state_->layout().starts >= kStartsInARow ? kTrials : 0;
  if (recovery_.resend && Notify(kNotifyResend, {})) {
    bridge_.journal.TrustKernel();
    bridge_.journal.DropLeft();
    return Ok{};
  }
  for (Bytes& request : bridge_.journal.TakeLeft()) {
    state_->Beat();
    ++state_->counters().replayed;
    const uint64_t unique = HeadOf(request)->unique;
    Process(ByteSpan(request).first(request.size() - kBehindRequest), true);
    EndTrial(unique);
  }
  bridge_.journal.EndTurn();
  return Ok{};
}

/// The request was given to others, if it is not answered. Who dies of it may be one of them: while
/// servers die in a row, it gets the time for that before another one can be blamed.
void Session::EndTrial(uint64_t unique) {
  if (trials_ > 0 && bridge_.journal.Keeps(unique)) {
    --trials_;
    constexpr int kStepMs = 2;
    for (int waited = 0; waited < kTrialMs && bridge_.journal.Keeps(unique); waited += kStepMs)
      std::this_thread::sleep_for(std::chrono::milliseconds(kStepMs));
  }
  bridge_.journal.End();
}

Status Session::Receive() {
  // Who already asked when Stop() came still gets an answer, but a reader in a loop cannot keep us.
  for (size_t after_stop = 0; after_stop < kMostAfterStop; after_stop += stopping_ ? 1 : 0) {
    if (leaving_) return Ok{};
    Beat();
    const ByteSpan landing = bridge_.journal.landing();
    const ssize_t size = ::read(mount_.device.get(), landing.data(), landing.size());
    if (size > 0) {
      const ByteView request = bridge_.journal.Landed(static_cast<size_t>(size));
      const auto head = HeadOf(request);
      if (!head) return Error{Code::kIo, "the kernel sent less than a request", "/dev/fuse", ""};
      const bool again = (head->unique & kResentMark) != 0;
      if (again && state_ != nullptr) ++state_->counters().resent;
      Process(landing.first(request.size()), again);
      bridge_.journal.EndTurn();
      EndTrial(again ? head->unique : 0);
    } else if (size == 0 || errno == ENODEV) {
      return Ok{};  // unmounted
    } else if (errno == EAGAIN) {
      if (!TRY(WaitForRequest())) return Ok{};
    } else if (errno != EINTR && errno != ENOENT) {  // ENOENT: who asked is gone already
      return SystemError(errno, "cannot receive requests", "/dev/fuse");
    }
  }
  return Ok{};
}

/// Has libfuse work on a request, which has room behind it.
void Session::Process(ByteSpan request, bool again) {
  const auto head = HeadOf(request);
  if (head->opcode == FUSE_INIT && ProcessInit(request)) return;
  if (bridge_.journal.IsDeadly(head->unique)) {
    fuse_out_header refused{sizeof(refused), -EIO, head->unique};
    iovec part{&refused, sizeof(refused)};
    WriteReply(-1, &part, 1, &bridge_);
    return;
  }
  if (const auto wish = PollWishOf(request)) bridge_.records.NotePoll(wish->file, wish->poll);
  bridge_.current = {head->unique, again};
  bridge_.journal.Begin(head->unique);
  fuse_buf buffer{};
  buffer.mem = request.data();
  buffer.size = request.size();
  fuse_session_process_buf(session_.get(), &buffer);
}

/// Keeps it for the servers to come. True if one before us agreed on the answer already.
bool Session::ProcessInit(ByteView request) {
  bridge_.init = HeadOf(request)->unique;
  if (state_ == nullptr) return false;
  Agreement& agreement = state_->layout().agreement;
  if (!rehearsed_) {
    if (state_->begun() || request.size() > agreement.request.size()) return false;
    std::memcpy(agreement.request.data(), request.data(), request.size());
    agreement.request_size = static_cast<uint32_t>(request.size());
    if (recovery_.resend && OffersResend(request)) bridge_.journal.TrustKernel();
    return false;
  }
  Bytes reply(agreement.reply.begin(),
              agreement.reply.begin() + std::min<uint32_t>(agreement.reply_size, kInitBytes));
  std::memcpy(reply.data() + offsetof(fuse_out_header, unique), &bridge_.init,
              sizeof(fuse_out_header::unique));
  bridge_.init = 0;
  iovec part{reply.data(), reply.size()};
  WriteReply(-1, &part, 1, &bridge_);
  return true;
}

bool Session::Notify(int code, ByteView body) {
  fuse_out_header head{static_cast<uint32_t>(sizeof(head) + body.size()), code, 0};
  const std::array<iovec, 2> parts{
      {{&head, sizeof(head)}, {const_cast<std::byte*>(body.data()), body.size()}}};
  return device_.Write(parts.data(), body.empty() ? 1 : 2, [](ssize_t) {}) >= 0;
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

void Session::AnnounceAll(const Snapshot& all) {
  taken_over_.wait(false);
  if (!rehearsed_) return;
  Notify(kNotifyIncEpoch, {});  // kernels from 6.16 on ask for all names anew
  for (const auto& [inode, node] : all.nodes()) {
    if (stopping_) return;
    fuse_lowlevel_notify_inval_inode(session_.get(), inode, -1, 0);
  }
  for (const uint64_t poll : bridge_.records.polls()) {
    fuse_notify_poll_wakeup_out wake{poll};
    Notify(FUSE_NOTIFY_POLL, std::as_bytes(std::span(&wake, 1)));
  }
}

void Session::Touch(const Changes& changes) {
  if ((changes.files.empty() && changes.gone.empty()) || stopping_) return;
  if (!bridge_.names_last) {
    if (mount_.root) touches_.Add(changes.files);
    return;
  }
  UniqueFd copy;
  if (!mount_.root) {
    auto made = WritableCopy(mount_);
    if (!made) return;
    copy = *std::move(made);
  }
  const int mounted = mount_.root ? mount_.root.get() : copy.get();
  const UniqueFd root(::openat(mounted, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return;
  for (const uint64_t inode : changes.gone) Expire(root.get(), inode);
  TouchingThread self(bridge_.touching);
  for (const Changes::File& file : changes.files) {
    if (stopping_) return;
    self.Touch(root.get(), file);
  }
}

void Session::ServeTouches() {
  if (bridge_.names_last || !mount_.root) return;
  TouchingThread self(bridge_.touching);
  while (const auto file = touches_.Next()) self.TouchByPath(mount_.root.get(), *file);
}

void Session::Stop() noexcept {
  stopping_ = true;
  touches_.Stop();
  eventfd_write(stop_.get(), 1);
}

void Session::Leave() noexcept {
  leaving_ = true;
  Stop();
}

}  // namespace secretfs::fs
