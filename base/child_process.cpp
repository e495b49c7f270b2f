#include "base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

#include "base/child_groups.h"
#include "base/child_start.h"
#include "base/file.h"

namespace secretfs {
namespace {

constexpr auto kGrace = std::chrono::milliseconds(200);       // between SIGTERM and SIGKILL
constexpr auto kWithoutPidfd = std::chrono::milliseconds(5);  // between looks whether it has ended

/// For poll: rounded up, so that it does not spin in the last millisecond.
int MillisecondsUntil(SteadyTime deadline) {
  if (deadline == kNoDeadline) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, INT_MAX));
}

/// glibc 2.36 declares it for C only.
UniqueFd OpenPidfd(pid_t id) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
}

bool IsOver(SteadyTime deadline) { return std::chrono::steady_clock::now() >= deadline; }

/// write(2) to a pipe without a reader raises SIGPIPE; what runs in the foreground does not ignore
/// it, and should not. Held back for this thread, and taken off again.
class NoBrokenPipeSignal {
 public:
  NoBrokenPipeSignal() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoBrokenPipeSignal(const NoBrokenPipeSignal&) = delete;
  NoBrokenPipeSignal& operator=(const NoBrokenPipeSignal&) = delete;
  ~NoBrokenPipeSignal() {
    const int kept = errno;
    const timespec now{};
    if (!was_pending_) {
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = kept;
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

Error TooMuch(size_t limit, const std::string& name) {
  return {Code::kTooLarge, "writes more than " + std::to_string(limit) + " bytes", name, ""};
}

}  // namespace

std::string ChildEnd::Text() const {
  return signal != 0 ? "signal " + std::to_string(signal) : "exit code " + std::to_string(code);
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const ChildOptions& options) {
  ChildStreams streams = TRY(MakeChildStreams(options.said != nullptr));
  const pid_t id = TRY(StartChild(options, streams));
  std::unique_ptr<ChildProcess> child(new ChildProcess(id, options));
  child->input_ = std::move(streams.input.ours);
  child->output_ = std::move(streams.output.ours);
  child->errors_ = std::move(streams.errors.ours);
  return child;
}

ChildProcess::ChildProcess(pid_t id, const ChildOptions& options)
    : id_(id), name_(options.program), end_(OpenPidfd(id)), said_(options.said) {
  EnterChildGroup(id_);
}

ChildProcess::~ChildProcess() {
  if (id_ < 0) return;
  stop_.reset();
  stopped_.reset();
  input_.reset();
  ::kill(-id_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kGrace;
  while (!HasEnded() && !IsOver(deadline)) AwaitAny(deadline);
  ::kill(-id_, SIGKILL);
  (void)Reap();
}

Error ChildProcess::TimedOut() const {
  return {Code::kTimeout, "takes longer than it may", name_, ""};
}

Error ChildProcess::Stopped() const { return {Code::kInterrupted, "was stopped", name_, ""}; }

Status ChildProcess::ObeyStop(const std::stop_token& stop) {
  stop_.reset();
  stopped_.reset();
  if (!stop.stop_possible()) return Ok{};
  stopped_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped_) return SystemError(errno, "cannot make an eventfd for", name_);
  stop_.emplace(stop, [fd = stopped_.get()] { (void)::eventfd_write(fd, 1); });
  return Ok{};
}

bool ChildProcess::WasStopped() const noexcept {
  pollfd stopped{stopped_.get(), POLLIN, 0};
  return ::poll(&stopped, 1, 0) > 0;
}

bool ChildProcess::HasOutput() const noexcept {
  pollfd output{output_.get(), POLLIN, 0};
  return ::poll(&output, 1, 0) > 0;
}

Status ChildProcess::Write(ByteView bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    TRY(Await(input_.get(), POLLOUT, deadline));
    const NoBrokenPipeSignal quiet;
    const ssize_t n = ::write(input_.get(), bytes.data(), bytes.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return Error{Code::kUnavailable, "stopped reading its input", name_, ""};
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return Ok{};
}

Result<size_t> ChildProcess::Read(ByteSpan into, SteadyTime deadline) {
  while (true) {
    TRY(Await(output_.get(), POLLIN, deadline));
    const ssize_t n = ::read(output_.get(), into.data(), into.size());
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR && errno != EAGAIN) return SystemError(errno, "cannot read from", name_);
  }
}

Result<Bytes> ChildProcess::ReadAll(size_t limit, SteadyTime deadline) {
  Bytes all;
  std::array<std::byte, 16384> part{};
  while (true) {
    const size_t n = TRY(Read(part, deadline));
    if (n == 0) return all;
    if (n > limit - all.size()) return TooMuch(limit, name_);
    all.insert(all.end(), part.begin(), part.begin() + static_cast<ptrdiff_t>(n));
  }
}

/// Some bytes; 0 also when the program has ended and left nothing more to read.
Result<size_t> ChildProcess::ReadToEnd(ByteSpan into, SteadyTime deadline) {
  while (true) {
    TRY(Await(output_.get(), POLLIN, deadline, Until::kReadyOrEnded));
    const bool ended = HasEnded();
    if (ended) ::kill(-id_, SIGKILL);  // the rest of its group
    const ssize_t n = ::read(output_.get(), into.data(), into.size());
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EAGAIN && ended) return 0;
    if (errno != EINTR && errno != EAGAIN) return SystemError(errno, "cannot read from", name_);
  }
}

Result<SecretBytes> ChildProcess::ReadAllSecret(size_t limit, SteadyTime deadline) {
  constexpr size_t kFirst = 4096;
  const size_t most = limit + 1;  // one more tells that it is too much
  SecretBytes so_far;
  for (size_t capacity = std::min(kFirst, most);; capacity = std::min(2 * capacity, most)) {
    so_far = TRY(SecretBytes::Make(capacity, [&](ByteSpan out) -> Result<size_t> {
      size_t size = so_far.size();
      std::ranges::copy(so_far.Expose(), out.begin());
      while (size < out.size()) {
        const size_t n = TRY(ReadToEnd(out.subspan(size), deadline));
        if (n == 0) break;
        size += n;
      }
      return size;
    }));
    if (so_far.size() > limit) return TooMuch(limit, name_);
    if (so_far.size() < capacity) return so_far;
  }
}

/// Until `fd` can do `event`. Errors are taken meanwhile, or a child could get stuck in saying
/// them. The deadline holds even if there always is something to read.
Status ChildProcess::Await(int fd, short event, SteadyTime deadline, Until until) {
  const int end = until == Until::kReadyOrEnded ? end_.get() : -1;
  while (!IsOver(deadline)) {
    std::array<pollfd, 4> waiting{pollfd{fd, event, 0}, pollfd{errors_.get(), POLLIN, 0},
                                  pollfd{stopped_.get(), POLLIN, 0}, pollfd{end, POLLIN, 0}};
    const int n = ::poll(waiting.data(), waiting.size(), MillisecondsUntil(deadline));
    if (n < 0 && errno != EINTR) return SystemError(errno, "cannot wait for", name_);
    if (n <= 0) continue;
    if (waiting[1].revents != 0) TakeErrors();
    if (waiting[2].revents != 0) return Stopped();
    if (waiting[0].revents != 0 || waiting[3].revents != 0) return Ok{};
  }
  return TimedOut();
}

/// Until something happens, perhaps its end.
void ChildProcess::AwaitAny(SteadyTime until) {
  if (!end_) until = std::min(until, std::chrono::steady_clock::now() + kWithoutPidfd);
  std::array<pollfd, 4> waiting{pollfd{end_.get(), POLLIN, 0}, pollfd{output_.get(), POLLIN, 0},
                                pollfd{errors_.get(), POLLIN, 0},
                                pollfd{stopped_.get(), POLLIN, 0}};
  if (::poll(waiting.data(), waiting.size(), MillisecondsUntil(until)) <= 0) return;
  if (waiting[1].revents != 0) DropOutput();
  if (waiting[2].revents != 0) TakeErrors();
}

void ChildProcess::DropOutput() {
  std::array<std::byte, 4096> part{};
  const ssize_t n = ::read(output_.get(), part.data(), part.size());
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) output_.reset();
}

void ChildProcess::TakeErrors() {
  std::array<char, 4096> part{};
  const ssize_t n = ::read(errors_.get(), part.data(), part.size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    errors_.reset();
    TellLine();
    return;
  }
  for (const char c : std::string_view(part.data(), static_cast<size_t>(n))) {
    if (c == '\n') {
      TellLine();
    } else if (line_.size() < kMostErrorColumns) {
      line_ += c;
    }
  }
}

void ChildProcess::TellLine() {
  const std::string line = std::exchange(line_, {});
  if (!line.empty() && lines_++ < kMostErrorLines) said_(line);
}

/// It stays a zombie, so that neither its number nor its group's can become another one's.
bool ChildProcess::HasEnded() const noexcept {
  siginfo_t info{};
  const int result = ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT);
  return (result == 0 && info.si_pid != 0) || (result != 0 && errno == ECHILD);
}

Result<ChildEnd> ChildProcess::Wait(SteadyTime deadline) {
  input_.reset();
  while (!HasEnded()) {
    if (IsOver(deadline)) return TimedOut();
    if (WasStopped()) return Stopped();
    AwaitAny(deadline);
  }
  return Reap();
}

Result<ChildEnd> ChildProcess::Reap() {
  if (HasEnded()) ::kill(-id_, SIGKILL);  // the rest of its group
  LeaveChildGroup(id_);
  int status = 0;
  pid_t reaped = -1;
  do {
    reaped = ::waitpid(id_, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  const int failed = errno;
  id_ = -1;
  // Its last words. A descendant that left the group may go on writing; that is not waited for.
  for (size_t i = 0; errors_ && i < kMostErrorLines; ++i) {
    pollfd waiting{errors_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 0) <= 0) break;
    TakeErrors();
  }
  if (said_) TellLine();
  if (reaped < 0) return SystemError(failed, "cannot wait for", name_);
  ChildEnd end;
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  return end;
}

Result<std::string> FindProgram(std::span<const std::string_view> folders, std::string_view name) {
  for (const std::string_view folder : folders) {
    std::string program = std::string(folder) + "/" + std::string(name);
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  std::string all;
  for (const std::string_view folder : folders) all.append(all.empty() ? "" : ", ").append(folder);
  return Error{Code::kNotFound, std::string(name) + " is not in " + all, "", ""};
}

}  // namespace secretfs
