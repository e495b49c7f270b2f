// The store behind `exec`: a program that knows secrets. It is asked for all of them at once, by a
// line of JSON (remote/helper_answers.h), or, a simple one, for one at a time by its last argument.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "remote/store.h"

namespace secretfs::remote {

enum class ExecProtocol {
  kOnce,   // it is run for each request, and ends
  kLines,  // it stays, and gets a line for each request
  kRaw,    // it is run for each secret; what it writes is the value
};

struct ExecOptions {
  std::vector<std::string> command;  // the program, absolute, and its arguments
  ExecProtocol protocol = ExecProtocol::kOnce;
  std::map<std::string, std::string> environment{};
  /// Gets the lines of its standard error, without control characters; from any thread. May be
  /// empty.
  std::function<void(std::string_view line)> said{};
};

/// Starts nothing. Errors: kInvalid.
Result<RemoteStorePtr> MakeExecStore(ExecOptions options);

}  // namespace secretfs::remote
