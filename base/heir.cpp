#include "base/heir.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/file.h"
#include "base/unique_fd.h"

namespace secretfs {
namespace {

constexpr int kFirst = 3;  // after the three streams

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Words(const std::string& program,
                               const std::vector<std::string>& arguments) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

/// Out of the way of the numbers that are to be given, and closed by exec.
bool MoveAway(std::vector<int>& descriptors, int& report, int end) noexcept {
  for (int& fd : descriptors) {
    if (fd >= 0 && (fd = ::fcntl(fd, F_DUPFD_CLOEXEC, end)) < 0) return false;
  }
  report = ::fcntl(report, F_DUPFD_CLOEXEC, end);
  return report >= 0;
}

bool Place(const std::vector<int>& descriptors) noexcept {
  int number = kFirst;
  for (const int fd : descriptors) {
    if (fd < 0) {
      ::close(number);
    } else if (::dup2(fd, number) < 0) {
      return false;
    }
    ++number;
  }
  return ::close_range(static_cast<unsigned>(number), ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/// A hangup stays blocked, which would be deadly until the program knows what to do about it.
void ResetSignals() noexcept {
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &usual, nullptr);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGHUP);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

/// What cannot be set is no reason not to run.
void SetOomScore(const std::string& score) noexcept {
  if (score.empty()) return;
  const UniqueFd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file) (void)!::write(file.get(), score.data(), score.size());
}

[[noreturn]] void Become(const HeirOptions& options, std::vector<int> descriptors,
                         char* const* arguments, int report) noexcept {
  constexpr int kCannotRun = 127;
  const int end = kFirst + static_cast<int>(descriptors.size());
  SetOomScore(options.oom_score);
  if (::setsid() >= 0 && MoveAway(descriptors, report, end) && Place(descriptors)) {
    ResetSignals();
    ::execv(options.program.c_str(), arguments);
  }
  const int failed = errno;
  (void)!::write(report, &failed, sizeof(failed));
  ::_exit(kCannotRun);
}

Status SetCloseOnExec(const std::vector<int>& descriptors, int flag) {
  for (const int fd : descriptors) {
    if (::fcntl(fd, F_SETFD, flag) != 0) return SystemError(errno, "cannot pass on", "");
  }
  return Ok{};
}

}  // namespace

Result<pid_t> StartHeir(const HeirOptions& options) {
  const std::vector<std::string> words = Words(options.program, options.arguments);
  const std::vector<char*> arguments = Pointers(words);
  int pair[2];
  if (::pipe2(pair, O_CLOEXEC) != 0) return SystemError(errno, "cannot make a pipe", "");
  const UniqueFd reading(pair[0]);
  UniqueFd writing(pair[1]);
  const pid_t id = ::fork();
  if (id == 0) Become(options, options.descriptors, arguments.data(), writing.get());
  if (id < 0) return SystemError(errno, "cannot start", options.program);
  writing.reset();
  int failed = 0;
  ssize_t n = -1;
  do {
    n = ::read(reading.get(), &failed, sizeof(failed));
  } while (n < 0 && errno == EINTR);
  if (n != sizeof(failed)) return id;
  while (::waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
  }
  return SystemError(failed, "cannot run", options.program);
}

Error BecomeHeir(const std::string& program, const std::vector<std::string>& arguments,
                 const std::vector<int>& keep) {
  const std::vector<std::string> words = Words(program, arguments);
  if (const Status kept = SetCloseOnExec(keep, 0); !kept) return kept.error();
  ::execv(program.c_str(), Pointers(words).data());
  const int failed = errno;
  (void)SetCloseOnExec(keep, FD_CLOEXEC);
  return SystemError(failed, "cannot run", program);
}

}  // namespace secretfs
