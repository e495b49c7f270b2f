// What base/child_process.cpp does between fork and exec, where a process of many threads may call
// next to nothing. Only for it.
#pragma once

#include "base/child_process.h"

namespace secretfs {

struct ChildPipe {
  UniqueFd ours;  // does not block
  UniqueFd theirs;
};

struct ChildStreams {
  ChildPipe input;
  ChildPipe output;
  ChildPipe errors;  // none: it writes where we do
};

Result<ChildStreams> MakeChildStreams(bool with_errors);

/// The child's id; its ends of the streams are closed here. Errors: see ChildProcess::Start.
Result<pid_t> StartChild(const ChildOptions& options, ChildStreams& streams);

}  // namespace secretfs
