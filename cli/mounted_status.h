// The status that a mounted secretfs gives of itself, for the commands that ask it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "cli/exit_code.h"

namespace secretfs {

struct MountedStatus {
  Bytes text;
  nlohmann::json json;  // the same
};

/// What MOUNTPOINT/.secretfs/status.json has. Errors: kPermission; kNotFound when none is mounted
/// there; kInvalid.
Result<MountedStatus> ReadMountedStatus(const std::string& mount_point);

/// Prints the error; that nothing is mounted has an exit code of its own.
ExitCode FailOnStatus(const Error& error);

}  // namespace secretfs
