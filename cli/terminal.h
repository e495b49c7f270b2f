// Asking a person at a terminal for a secret, without echo.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs {

/// Writes the prompt to `output`, and gives the line that is typed on the terminal `input`, with
/// its end if it has one. Errors: kInvalid after ^C; kIo when the echo cannot be turned off.
Result<SecretBytes> AskTerminal(int input, int output, const std::string& prompt);

}  // namespace secretfs
