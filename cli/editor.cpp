#include "cli/editor.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file.h"
#include "cli/editor_protocol.h"

namespace secretfs {
namespace {

using editor::Step;

std::string VariableOr(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

/// Only we may rename what lies in it. The variable may be another user's, after su.
std::string RuntimeFolder() {
  const std::string folder = VariableOr("XDG_RUNTIME_DIR", "/tmp");
  struct stat st {};
  const bool ours = ::lstat(folder.c_str(), &st) == 0 && S_ISDIR(st.st_mode) &&
                    st.st_uid == ::geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return ours ? folder : "/tmp";
}

std::string EditorCommand() { return VariableOr("VISUAL", VariableOr("EDITOR", "vi")); }

Error Refused(int error_number) {
  Error error = SystemError(error_number, "the kernel allows no private folder in memory", "");
  error.code = Code::kUnsupported;
  error.hint = "give the new content on standard input: secretfs edit FILE < NEW";
  return error;
}

Error EditorFailed(const std::string& how) {
  return {Code::kInvalid, "the editor " + how + "; nothing was changed", "",
          "$VISUAL or $EDITOR names the editor, which must stay until the file is closed"};
}

Status HowItEnded(const editor::Message& end) {
  switch (end.step) {
    case Step::kFile:
      return Ok{};
    case Step::kExited:
      return EditorFailed("ended with exit code " + std::to_string(end.number));
    case Step::kSignaled:
      return EditorFailed("was ended by signal " + std::to_string(end.number));
    default:
      return EditorFailed("left no file");
  }
}

}  // namespace

IgnoreInterrupts::IgnoreInterrupts()
    : interrupt_(::signal(SIGINT, SIG_IGN)), quit_(::signal(SIGQUIT, SIG_IGN)) {}

IgnoreInterrupts::~IgnoreInterrupts() {
  ::signal(SIGINT, interrupt_);
  ::signal(SIGQUIT, quit_);
}

Result<EditorSession> EditorSession::Start(const std::string& name, const SecretBytes& content) {
  EditorSession session;
  TRY(session.MakeFolder());
  TRY(session.StartChild(name));
  const editor::Message ready = TRY(editor::Receive(session.socket_.get()));
  if (ready.step != Step::kFile || !ready.file) return Refused(ready.number);
  TRY(WriteAll(ready.file.get(), content.Expose(), "the file for the editor"));
  return session;
}

/// An empty folder to mount on. What is mounted on it is never seen here.
Status EditorSession::MakeFolder() {
  std::string pattern = RuntimeFolder() + "/secretfs-edit.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr)
    return SystemError(errno, "cannot make a folder", pattern);
  folder_ = pattern;
  return Ok{};
}

Status EditorSession::StartChild(const std::string& name) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return SystemError(errno, "cannot make a socket", "");
  socket_.reset(ends[0]);
  const UniqueFd other(ends[1]);
  const std::string command = EditorCommand();
  child_ = ::fork();
  if (child_ < 0) return SystemError(errno, "cannot start a process", "");
  if (child_ == 0) {
    ::close(ends[0]);  // or it would never see the end
    ::_exit(editor::ServeEditor(ends[1], folder_.c_str(), name.c_str(), command.c_str()));
  }
  return Ok{};
}

EditorSession::EditorSession(EditorSession&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      socket_(std::move(other.socket_)),
      child_(std::exchange(other.child_, -1)) {}

EditorSession::~EditorSession() {
  socket_.reset();
  if (child_ > 0) {
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (folder_.empty()) return;
  ::umount2(folder_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);  // nothing, unless in a chroot
  ::rmdir(folder_.c_str());
}

Result<Edited> EditorSession::Edit(size_t limit) {
  TRY(editor::Send(socket_.get(), {Step::kEdit, 0, {}}));
  const editor::Message end = TRY(editor::Receive(socket_.get()));
  Edited edited{HowItEnded(end), Error{Code::kNotFound, "the editor left no file", "", ""}};
  if (end.file) edited.text = ReadAllSecret(end.file.get(), limit, "");
  return edited;
}

}  // namespace secretfs
