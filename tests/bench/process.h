// Programs that the benchmark starts, and the socket on which a daemon says that it is ready.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace secretfs::bench {

using Argv = std::vector<std::string>;

/// Runs a program to its end with standard input and output at /dev/null. Fails unless it exits
/// with 0.
void Run(const Argv& argv);

/// A program in the background. It dies with this one, and at the end of its scope.
class Process {
 public:
  /// `log` gets its standard error. `notify` is what it finds in NOTIFY_SOCKET, if not empty.
  Process(const Argv& argv, const std::string& log, const std::string& notify = "");
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t id() const noexcept { return id_; }
  /// Fails, with what its log says, if the program has ended.
  void MustLive();
  /// Asks it to end, and waits.
  void Stop() noexcept;

 private:
  pid_t id_ = -1;
  std::string log_;
};

/// What systemd does for a service: listens for READY=1.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path);
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Fails after 30 seconds, or when `sender` has ended.
  void AwaitReady(Process& sender);

 private:
  std::string path_;
  UniqueFd socket_;
};

}  // namespace secretfs::bench
