// A helper program that is asked by lines of JSON (remote/helper_answers.h). A lasting one is
// started when it is first asked, gets one request at a time, and is started anew when it has
// ended, was late, or said what it was not asked; one that is not gets its input closed behind the
// only request. Thread-safe: who asks waits for who asked before.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>

#include "crypto/locked_buffer.h"
#include "remote/helper_answers.h"
#include "remote/program.h"

namespace secretfs::remote {

class LineHelper {
 public:
  enum class Life { kOnce, kLasting };
  LineHelper(ProgramOptions options, Life life) : options_(std::move(options)), life_(life) {}

  /// Takes answers until they are complete. What was answered before an error counts. Errors: as
  /// of Program::Start(), ChildProcess and HelperAnswers::Take(); kUnavailable when it ended first.
  Status Ask(ByteView request, HelperAnswers& answers, SteadyTime deadline,
             const std::stop_token& stop);
  /// Ends it; while somebody asks, his stop is to be requested before.
  void End();

 private:
  /// What it wrote and we have not taken yet.
  struct Unread {
    crypto::LockedBuffer buffer;
    size_t begin = 0;
    size_t end = 0;
  };

  Status Start();
  bool IsInStep(SteadyTime deadline);
  Status AskOnce(ByteView request, HelperAnswers& answers, SteadyTime deadline,
                 const std::stop_token& stop, bool* heard);
  Status TakeAnswers(HelperAnswers& answers, SteadyTime deadline, bool* heard);
  Result<SecretBytes> ReadLine(SteadyTime deadline);

  const ProgramOptions options_;
  const Life life_;
  std::mutex mutex_;  // guards what follows; held while it is asked
  std::unique_ptr<Program> program_;
  Unread unread_;
  bool owes_done_ = false;  // the answers before were complete without its `done`
};

}  // namespace secretfs::remote
