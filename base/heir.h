// A process that goes on with what this one holds: a program started as a child with descriptors at
// numbers that both know, or the program that this very process becomes. Unlike what ChildProcess
// runs it has our streams, environment and limits, and does not die with us.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace secretfs {

struct HeirOptions {
  std::string program;                 // absolute
  std::vector<std::string> arguments;  // after the program's name
  /// Become 3, 4, 5 and so on in it, and nothing else of ours but the streams; -1 leaves a number
  /// out.
  std::vector<int> descriptors;
  std::string oom_score;  // its oom_score_adj; ours when empty
};

/// The child's id, once the program runs; in a session of its own, so that keys of a terminal do
/// not reach it, with default signals, but SIGHUP blocked: it waits until it is received. The
/// caller reaps it. Our other threads must take no locks. Errors: kNotFound, kPermission,
/// kResource, kIo.
Result<pid_t> StartHeir(const HeirOptions& options);

/// Runs `program` in this process: same id, same children; the descriptors in `keep` stay open
/// under their numbers. Returns only when it cannot be run, and then nothing has changed.
Error BecomeHeir(const std::string& program, const std::vector<std::string>& arguments,
                 const std::vector<int>& keep);

}  // namespace secretfs
