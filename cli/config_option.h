// The CONFIG argument, and the exit code for what is wrong with a configuration; shared by mount
// and check.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/exit_code.h"

namespace CLI {
class App;
}

namespace secretfs {

void AddConfigOption(CLI::App& app, std::string& file);

/// Prints the error. A configuration that is not valid, or not there, has an exit code of its own.
ExitCode FailOnConfig(const Error& error);

}  // namespace secretfs
