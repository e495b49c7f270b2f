// What edit and the process that holds the private folder say to each other over a socket: a step,
// a number, and perhaps an open file. The plaintext goes through that file alone.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace secretfs::editor {

enum class Step : int {
  kEdit,      // to the child: run the editor
  kFile,      // from the child: the file, with its descriptor
  kRefused,   // from the child: the kernel allows no such folder; errno
  kNoFile,    // from the child: the editor left no regular file; errno
  kExited,    // from the child: the editor's exit code, not 0; with the file, if there is one
  kSignaled,  // from the child: the signal that ended the editor; the same
};

struct Message {
  Step step = Step::kEdit;
  int number = 0;
  UniqueFd file{};
};

Status Send(int socket, const Message& message);
/// Errors: kIo, also when the other side has gone.
Result<Message> Receive(int socket);

/// The child's whole life. `folder` is an empty folder to mount on, `name` the file's name in it,
/// `command` a shell's words that start the editor. Returns the exit code; the caller must leave by
/// _exit(), since the parent's locked memory is not there.
int ServeEditor(int socket, const char* folder, const char* name, const char* command);

}  // namespace secretfs::editor
