#include "tests/bench/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "tests/bench/measure.h"

namespace secretfs::bench {
namespace {

constexpr int kReadyMilliseconds = 30'000;
constexpr int kPollMilliseconds = 100;
constexpr int kExecFailed = 127;

std::vector<char*> Pointers(const Argv& argv) {
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

void AwaitChild(pid_t child, int& status) {
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) FailErrno("cannot wait for a program");
  }
}

/// The child's side, between fork and exec.
[[noreturn]] void Become(char** argv, const char* log) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int errors = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execvp(argv[0], argv);
  ::_exit(kExecFailed);
}

}  // namespace

void Run(const Argv& argv) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed =
      ::posix_spawnp(&child, argv[0].c_str(), &actions, nullptr, Pointers(argv).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) Fail("cannot run " + argv[0] + ": " + std::strerror(failed));
  int status = 0;
  AwaitChild(child, status);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) Fail(argv[0] + " failed");
}

Process::Process(const Argv& argv, const std::string& log, const std::string& notify) : log_(log) {
  const std::vector<char*> pointers = Pointers(argv);
  notify.empty() ? ::unsetenv("NOTIFY_SOCKET") : ::setenv("NOTIFY_SOCKET", notify.c_str(), 1);
  id_ = ::fork();
  if (id_ == 0) Become(const_cast<char**>(pointers.data()), log.c_str());
  if (id_ < 0) FailErrno("cannot start " + argv[0]);
}

Process::~Process() { Stop(); }

void Process::Stop() noexcept {
  if (id_ < 0) return;
  ::kill(id_, SIGTERM);
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
}

void Process::MustLive() {
  int status = 0;
  if (id_ >= 0 && ::waitpid(id_, &status, WNOHANG) == 0) return;
  id_ = -1;
  std::ostringstream said;
  said << std::ifstream(log_).rdbuf();
  Fail("a program ended early; it said:\n" + said.str());
}

NotifySocket::NotifySocket(const std::string& path)
    : path_(path), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) Fail("the path is too long for a socket: " + path);
  path.copy(address.sun_path, path.size());
  if (!socket_ ||
      ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    FailErrno("cannot listen at " + path);
  }
}

NotifySocket::~NotifySocket() { ::unlink(path_.c_str()); }

void NotifySocket::AwaitReady(Process& sender) {
  const Stopwatch waited;
  std::array<char, 4096> message{};
  pollfd wait{socket_.get(), POLLIN, 0};
  while (waited.Seconds() * 1000 < kReadyMilliseconds) {
    if (::poll(&wait, 1, kPollMilliseconds) <= 0) {
      sender.MustLive();
      continue;
    }
    const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), 0);
    const std::string_view text(message.data(), size < 0 ? 0 : static_cast<size_t>(size));
    if (("\n" + std::string(text)).find("\nREADY=1") != std::string::npos) return;
  }
  Fail("a daemon did not say READY=1");
}

}  // namespace secretfs::bench
