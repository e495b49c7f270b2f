// Lets a person change a secret in an editor, on a file in memory that is never swapped and that
// nobody else can reach: it is on a ramfs in a mount namespace of the editor's own. The parent does
// not enter that namespace; it reads and writes the file by a descriptor.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "base/unique_fd.h"

namespace secretfs {

/// ^C is meant for the editor while one runs, and is no way to lose a text that could not be saved.
class IgnoreInterrupts {
 public:
  IgnoreInterrupts();
  IgnoreInterrupts(const IgnoreInterrupts&) = delete;
  IgnoreInterrupts& operator=(const IgnoreInterrupts&) = delete;
  ~IgnoreInterrupts();

 private:
  sighandler_t interrupt_;
  sighandler_t quit_;
};

/// How an editor ended, and what it left.
struct Edited {
  Status end;  // kInvalid: it failed
  Result<SecretBytes>
      text;  // kNotFound: no file; kTooLarge, kResource, kIo: it is there all the same
};

/// One file in an editor; it and its folder are gone with the session. Used by one thread, in a
/// process that has no other, under IgnoreInterrupts.
class EditorSession {
 public:
  /// `name` is what the editor shows. The editor is $VISUAL, $EDITOR or vi. Errors: kUnsupported
  /// when the kernel allows no private folder, with a hint to do without an editor; kIo.
  static Result<EditorSession> Start(const std::string& name, const SecretBytes& content);
  EditorSession(EditorSession&& other) noexcept;
  EditorSession& operator=(EditorSession&&) = delete;
  EditorSession(const EditorSession&) = delete;
  EditorSession& operator=(const EditorSession&) = delete;
  ~EditorSession();

  /// Runs the editor; again, it starts with what it left, which may be at most `limit` bytes.
  /// Errors: kIo when the private folder is lost.
  Result<Edited> Edit(size_t limit);

 private:
  EditorSession() = default;
  Status MakeFolder();
  Status StartChild(const std::string& name);

  std::string folder_;  // empty: nothing to remove
  UniqueFd socket_;
  pid_t child_ = -1;
};

}  // namespace secretfs
