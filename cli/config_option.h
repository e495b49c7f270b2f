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

/// Whether the error is one of a configuration, or rules, that are not valid or not there.
bool IsOfConfig(const Error& error);
/// Prints the error. A configuration that is not valid, or not there, has an exit code of its own.
ExitCode FailOnConfig(const Error& error);

}  // namespace secretfs
