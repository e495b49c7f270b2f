// Words to people: errors and warnings on standard error as `secretfs: error: ...` and `secretfs:
// hint: ...`, results on standard output.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "cli/exit_code.h"

namespace secretfs::ui {

/// Prints the error with its hint and gives the exit code of its class.
ExitCode Fail(const Error& error);
/// The same, with an exit code that the error's class does not tell.
ExitCode Fail(const Error& error, ExitCode code);
void Warn(std::string_view text, std::string_view hint = {});
/// A line on standard error that is no complaint.
void Note(std::string_view text);
/// A line on standard output.
void Print(std::string_view line);
/// Secret bytes, and nothing else, to standard output.
Status PrintSecret(const SecretBytes& secret);

}  // namespace secretfs::ui
