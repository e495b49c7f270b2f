// The child of an edit: a folder in memory that is never swapped, and that only this process and
// the editor can reach, since it is mounted in a mount namespace of theirs.
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/core_dumps.h"
#include "base/file.h"
#include "cli/editor_protocol.h"

namespace secretfs::editor {
namespace {

constexpr int kCannotRun = 127;  // as a shell says it

bool WriteText(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string MapToItself(unsigned id) {
  return std::to_string(id) + " " + std::to_string(id) + " 1";
}

/// Without privileges a mount namespace needs a user namespace; in it the user stays who he is.
bool EnterUserNamespace() {
  const unsigned user = ::geteuid();
  const unsigned group = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  // The maps in /proc belong to root as long as the process must not be looked into.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const bool mapped = WriteText("/proc/self/setgroups", "deny") &&
                      WriteText("/proc/self/uid_map", MapToItself(user)) &&
                      WriteText("/proc/self/gid_map", MapToItself(group));
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return mapped;
}

/// Has what is mounted on the folder from now on seen in this namespace alone.
bool KeepMountsHere(const char* folder) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) return true;
  // After chroot(2) / need not be a mount. The empty folder mounted on itself may be seen outside,
  // where our parent takes it away, but not what comes on top of it.
  return errno == EINVAL && ::mount(folder, folder, nullptr, MS_BIND, nullptr) == 0 &&
         ::mount(nullptr, folder, nullptr, MS_PRIVATE, nullptr) == 0;
}

/// ramfs has no limit but is never written to swap, as tmpfs is.
bool MountPrivately(const char* folder) {
  if (::unshare(CLONE_NEWNS) != 0 && !EnterUserNamespace()) return false;
  return KeepMountsHere(folder) &&
         ::mount("ramfs", folder, "ramfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0;
}

bool IsOnRamfs(const UniqueFd& file) {
  struct statfs st {};
  return file && ::fstatfs(file.get(), &st) == 0 && st.f_type == RAMFS_MAGIC;
}

Status Say(int socket, Step step, int number) { return Send(socket, {step, number, {}}); }

/// The program that the words start, where links lead: vi is many programs.
std::string ProgramOf(const std::string& words) {
  const std::string name = words.substr(0, words.find_first_of(" \t"));
  const char* variable = std::getenv("PATH");
  std::string folders = variable == nullptr ? "/usr/bin:/bin" : variable;
  if (name.find('/') != std::string::npos) folders = "";
  for (size_t begin = 0; begin <= folders.size();) {
    const size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string folder = folders.substr(begin, end - begin);
    const std::string program = folder.empty() ? name : folder + "/" + name;
    std::error_code error;
    const auto real = std::filesystem::canonical(program, error);
    if (!error && ::access(real.c_str(), X_OK) == 0) return real.filename();
    begin = end + 1;
  }
  return name;
}

/// What keeps vim from writing its registers, which hold what was copied, to ~/.viminfo.
const char* OptionsFor(const std::string& words) {
  const std::string program = ProgramOf(words);
  const bool vim = program == "vim" || program == "nvim" || program.starts_with("vim.");
  return vim ? " -i NONE" : "";
}

/// After fork(): no way back.
[[noreturn]] void RunEditor(const char* command, const std::string& path) {
  for (const int signal : {SIGINT, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_DFL);
  ForbidCoreDumps();
  ::umask(077);
  ::unsetenv("AGE_PASSPHRASE");
  const std::string folder = path.substr(0, path.rfind('/'));
  for (const char* name : {"TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME"})
    ::setenv(name, folder.c_str(), 1);
  ::close_range(STDERR_FILENO + 1, UINT_MAX, 0);
  const std::string words = std::string(command) + OptionsFor(command) + " \"$@\"";
  ::execl("/bin/sh", "sh", "-c", words.c_str(), command, path.c_str(), nullptr);
  ::_exit(kCannotRun);
}

/// Editors may put another file in its place.
Message TextAt(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return {Step::kNoFile, errno, {}};
  struct stat st {};
  if (::fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode)) return {Step::kNoFile, EINVAL, {}};
  return {Step::kFile, 0, std::move(file)};
}

/// Runs the editor to its end, and sends the file and what went wrong.
Status Edit(int socket, const std::string& path, const char* command) {
  const pid_t editor = ::fork();
  if (editor < 0) return Say(socket, Step::kNoFile, errno);
  if (editor == 0) RunEditor(command, path);
  int state = 0;
  while (::waitpid(editor, &state, 0) < 0 && errno == EINTR) {
  }
  Message end = TextAt(path);
  if (WIFSIGNALED(state)) {
    end.step = Step::kSignaled;
    end.number = WTERMSIG(state);
  } else if (WEXITSTATUS(state) != 0) {
    end.step = Step::kExited;
    end.number = WEXITSTATUS(state);
  }
  return Send(socket, end);
}

}  // namespace

int ServeEditor(int socket, const char* folder, const char* name, const char* command) {
  ::umask(077);
  const std::string path = std::string(folder) + "/" + name;
  UniqueFd file;
  if (MountPrivately(folder))
    file.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!IsOnRamfs(file)) {
    (void)Say(socket, Step::kRefused, errno);
    return 1;
  }
  if (!Send(socket, {Step::kFile, 0, std::move(file)})) return 1;
  for (;;) {
    const auto message = Receive(socket);
    if (!message || message->step != Step::kEdit) return 0;
    if (!Edit(socket, path, command)) return 1;
  }
}

}  // namespace secretfs::editor
