// Runs another program, the one way in which this is done here. The program is a file that the
// caller names, never one from PATH; it gets the arguments, environment and folder given, and
// nothing else of ours: no descriptors but its three streams, default signals, a session of its
// own, no core dumps, at most 1024 descriptors, umask 077. It dies with the thread that started it,
// and with all it started in its process group when the ChildProcess goes. Used by one thread, the
// one that started it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/child_secrets.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "base/unique_fd.h"

namespace secretfs {

struct ChildOptions {
  std::string program;                   // absolute
  std::vector<std::string> arguments;    // after the program's name
  std::vector<std::string> environment;  // "NAME=value"
  std::vector<SecretVariable> secrets;   // the rest of the environment
  std::string folder = "/";              // to run in
  std::vector<int> keep;                 // descriptors that stay open, under the same numbers
  /// Gets each line of its standard error, at most kMostErrorLines, cut at kMostErrorColumns, with
  /// whatever bytes are in it. Without it, that stream is ours.
  std::function<void(std::string_view line)> said;
};

inline constexpr size_t kMostErrorLines = 64;
inline constexpr size_t kMostErrorColumns = 512;

/// For what has no deadline.
inline constexpr SteadyTime kNoDeadline = SteadyTime::max();

struct ChildEnd {
  int code = 0;    // exit code, if no signal
  int signal = 0;  // that ended it
  [[nodiscard]] bool Well() const noexcept { return code == 0 && signal == 0; }
  [[nodiscard]] std::string Text() const;  // "exit code 3", "signal 9"
};

class ChildProcess {
 public:
  /// Returns when the program runs. Errors: kNotFound, kPermission, kResource, kIo, all with the
  /// program in `where`.
  static Result<std::unique_ptr<ChildProcess>> Start(const ChildOptions& options);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// SIGTERM to the group, SIGKILL a fifth of a second later, if it has not been waited for.
  ~ChildProcess();

  /// All of `bytes` to its standard input. Errors: kTimeout; kUnavailable when it reads no more.
  Status Write(ByteView bytes, SteadyTime deadline);
  void CloseInput() noexcept { input_.reset(); }
  /// Some bytes of its standard output, 0 at the end. Errors: kTimeout, kIo.
  Result<size_t> Read(ByteSpan into, SteadyTime deadline);
  /// The rest of its standard output. Errors: also kTooLarge. Not for secrets.
  Result<Bytes> ReadAll(size_t limit, SteadyTime deadline);
  /// The same as Read, but the output also ends where the program itself does, even if something
  /// that it started still holds it; that is killed, or left alone where it left the group.
  Result<size_t> ReadToEnd(ByteSpan into, SteadyTime deadline);
  /// All that ReadToEnd gives. Errors: also kTooLarge.
  Result<SecretBytes> ReadAllSecret(size_t limit, SteadyTime deadline);
  /// From now on what waits here also ends, with kInterrupted, when a stop is requested; until this
  /// is called again.
  Status ObeyStop(const std::stop_token& stop);
  /// Whether it has ended; it is not reaped by that.
  [[nodiscard]] bool HasEnded() const noexcept;
  /// Whether it wrote something that nobody read yet, or its output has ended.
  [[nodiscard]] bool HasOutput() const noexcept;
  /// Closes its input, drops what it still writes, and waits for its end; what it left in its group
  /// is killed. To be called once. Errors: kTimeout, and then it still runs; kIo.
  Result<ChildEnd> Wait(SteadyTime deadline);

  [[nodiscard]] pid_t id() const noexcept { return id_; }

 private:
  ChildProcess(pid_t id, const ChildOptions& options);
  enum class Until { kReady, kReadyOrEnded };
  Status Await(int fd, short event, SteadyTime deadline, Until until = Until::kReady);
  [[nodiscard]] bool WasStopped() const noexcept;
  Error Stopped() const;
  void AwaitAny(SteadyTime until);
  void TakeErrors();
  void TellLine();
  void DropOutput();
  Result<ChildEnd> Reap();
  Error TimedOut() const;

  pid_t id_;          // -1 when it has been reaped
  std::string name_;  // for errors
  UniqueFd end_;      // pidfd: readable when it has ended; may be missing
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd errors_;
  std::function<void(std::string_view)> said_;
  std::string line_;  // of its standard error, not yet complete
  size_t lines_ = 0;
  UniqueFd stopped_;  // eventfd, if something may request a stop
  std::optional<std::stop_callback<std::function<void()>>> stop_;  // writes to it
};

/// FOLDER/NAME of the first folder that has such a program. Errors: kNotFound.
Result<std::string> FindProgram(std::span<const std::string_view> folders, std::string_view name);

}  // namespace secretfs
