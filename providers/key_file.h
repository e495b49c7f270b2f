// Where the configuration's key files are: at a path, or among systemd's credentials.
#pragma once

#include <string>

#include "base/result.h"
#include "core/config.h"

namespace secretfs {

/// The path of `file`. `credentials_directory` is where systemd put the credentials; empty when it
/// gave none. Errors: kNotFound for a credential then.
Result<std::string> PathOf(const KeyFile& file, const std::string& credentials_directory);

}  // namespace secretfs
