#include "base/child_start.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

#include "base/child_secrets.h"
#include "base/core_dumps.h"
#include "base/file.h"

namespace secretfs {
namespace {

constexpr int kFirstOther = 3;  // descriptor after the three streams
constexpr rlim_t kUsualDescriptors = 1024;

/// Away from 0, 1 and 2, which may be free here, and which the child is to put its own into.
Result<UniqueFd> AboveStreams(UniqueFd fd) {
  if (fd.get() >= kFirstOther) return fd;
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstOther));
  if (!moved) return SystemError(errno, "cannot make a pipe", "");
  return moved;
}

struct PipeEnds {
  UniqueFd reading;
  UniqueFd writing;
};

Result<PipeEnds> MakePipe() {
  int pair[2];
  if (::pipe2(pair, O_CLOEXEC) != 0) return SystemError(errno, "cannot make a pipe", "");
  PipeEnds ends{UniqueFd(pair[0]), UniqueFd(pair[1])};
  ends.reading = TRY(AboveStreams(std::move(ends.reading)));
  ends.writing = TRY(AboveStreams(std::move(ends.writing)));
  return ends;
}

Status StopBlocking(const UniqueFd& fd) {
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0) return Ok{};
  return SystemError(errno, "cannot set up a pipe", "");
}

std::vector<char*> Pointers(const std::vector<std::string>& words,
                            std::span<char* const> more = {}) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.insert(pointers.end(), more.begin(), more.end());
  pointers.push_back(nullptr);
  return pointers;
}

/// All that the child needs, made before the fork.
struct Plan {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* folder;
  const int* keep;
  size_t kept;
  int input;
  int output;
  int errors;  // or -1
  int report;  // where a failure's errno goes; closed by exec
  pid_t parent;
};

// From here to Become only calls that are safe after a fork with threads (signal-safety(7)).

void ResetSignals() noexcept {
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &usual, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// No descriptor but the streams and those to keep survives the exec.
bool CloseOthers(const Plan& plan) noexcept {
  if (::close_range(kFirstOther, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    const int end = limit.rlim_cur > INT_MAX ? INT_MAX : static_cast<int>(limit.rlim_cur);
    for (int fd = kFirstOther; fd < end; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  for (size_t i = 0; i < plan.kept; ++i) {
    if (::fcntl(plan.keep[i], F_SETFD, 0) != 0) return false;
  }
  return true;
}

/// The daemon has more descriptors than programs that use select(2) can bear.
bool LimitDescriptors() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  if (limit.rlim_cur <= kUsualDescriptors) return true;
  limit.rlim_cur = kUsualDescriptors;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

bool SetUp(const Plan& plan) noexcept {
  if (::setsid() < 0) return false;
  // The parent may be gone before the kernel knows that its death matters.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != plan.parent) return false;
  if (::dup2(plan.input, 0) < 0 || ::dup2(plan.output, 1) < 0) return false;
  if (plan.errors >= 0 && ::dup2(plan.errors, 2) < 0) return false;
  if (!CloseOthers(plan) || !LimitDescriptors() || ::chdir(plan.folder) != 0) return false;
  if (!ForbidCoreDumps()) return false;
  ::umask(077);
  ResetSignals();
  return true;
}

[[noreturn]] void Become(const Plan& plan) noexcept {
  constexpr int kCannotRun = 127;
  if (SetUp(plan)) ::execve(plan.program, plan.arguments, plan.environment);
  const int failed = errno;
  (void)!::write(plan.report, &failed, sizeof(failed));
  ::_exit(kCannotRun);
}

/// fork with all signals held back: none must run a handler of ours in the child.
pid_t ForkInto(const Plan& plan) noexcept {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t id = ::fork();
  if (id == 0) Become(plan);
  const int failed = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = failed;
  return id;
}

/// The errno of the child's failure, or 0 once the program runs.
int ReadReport(const UniqueFd& report) {
  int failed = 0;
  ssize_t n = -1;
  do {
    n = ::read(report.get(), &failed, sizeof(failed));
  } while (n < 0 && errno == EINTR);
  return n == sizeof(failed) ? failed : 0;
}

}  // namespace

Result<ChildStreams> MakeChildStreams(bool with_errors) {
  ChildStreams streams;
  PipeEnds input = TRY(MakePipe());
  PipeEnds output = TRY(MakePipe());
  TRY(StopBlocking(input.writing));
  TRY(StopBlocking(output.reading));
  streams.input = {std::move(input.writing), std::move(input.reading)};
  streams.output = {std::move(output.reading), std::move(output.writing)};
  if (with_errors) {
    PipeEnds errors = TRY(MakePipe());
    TRY(StopBlocking(errors.reading));
    streams.errors = {std::move(errors.reading), std::move(errors.writing)};
  }
  return streams;
}

Result<pid_t> StartChild(const ChildOptions& options, ChildStreams& streams) {
  if (!options.program.starts_with('/')) {
    return Error{Code::kInvalid, "is not an absolute path", options.program, ""};
  }
  std::vector<std::string> words{options.program};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  const auto arguments = Pointers(words);
  const ChildSecrets secrets = TRY(ChildSecrets::Make(options.secrets));  // wiped at the end
  const auto environment = Pointers(options.environment, secrets.strings());
  PipeEnds report = TRY(MakePipe());
  const Plan plan{options.program.c_str(),
                  arguments.data(),
                  environment.data(),
                  options.folder.c_str(),
                  options.keep.data(),
                  options.keep.size(),
                  streams.input.theirs.get(),
                  streams.output.theirs.get(),
                  streams.errors.theirs.get(),
                  report.writing.get(),
                  ::getpid()};
  const pid_t id = ForkInto(plan);
  if (id < 0) return SystemError(errno, "cannot start", options.program);
  report.writing.reset();
  streams.input.theirs.reset();
  streams.output.theirs.reset();
  streams.errors.theirs.reset();
  const int failed = ReadReport(report.reading);
  if (failed == 0) return id;
  while (::waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
  }
  return SystemError(failed, "cannot run", options.program);
}

}  // namespace secretfs
