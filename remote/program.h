// Programs that a store asks: `op`, helpers. Such a program is a file that nobody but root and
// ourselves can change; it gets no environment but what is given here, HOME=/ and
// LC_ALL=C.UTF-8. It is killed with all it started when it is late or not wanted any more.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/child_process.h"

namespace secretfs::remote {

struct ProgramOptions {
  std::string program;  // absolute
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment{};  // of another HOME too
  std::vector<SecretVariable> secrets{};             // more of it
  /// Gets the lines of standard error, without control characters. May be empty.
  std::function<void(std::string_view line)> said{};
};

/// One that runs. Used by one thread at a time.
class Program {
 public:
  /// Errors: kUnavailable when it may not or cannot be run, with the program in `where`; kResource.
  static Result<std::unique_ptr<Program>> Start(const ProgramOptions& options);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() = default;

  [[nodiscard]] ChildProcess& process() noexcept { return *process_; }
  /// Why it gave no answer, or no good one, when it has ended or closed its output: kUnavailable,
  /// "ended without an answer (exit code 3): the last line that it said". It is over then.
  Error WhyEnded(std::string_view what, SteadyTime deadline);
  [[nodiscard]] const std::string& last_line() const noexcept { return last_line_; }

 private:
  Program() = default;
  std::string name_;
  std::string last_line_;                  // of its standard error, cut
  std::unique_ptr<ChildProcess> process_;  // last: it tells lines until it goes
};

struct ProgramOutput {
  SecretBytes output;
  ChildEnd end;
  std::string said;  // the last lines of its standard error, cut
  [[nodiscard]] std::string LastLine() const;
};

/// Runs one from its beginning to its end. It need not read its input. Errors: as of
/// Program::Start(); kTimeout, kInterrupted, kTooLarge.
Result<ProgramOutput> RunProgram(const ProgramOptions& options, ByteView input, size_t limit,
                                 SteadyTime deadline, const std::stop_token& stop);

}  // namespace secretfs::remote
