// The exit codes of every command (secretfs(1), EXIT STATUS). Never reused, never changed.
#pragma once

#include "base/result.h"

namespace secretfs {

enum class ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kConfigInvalid = 3,
  kNotPermitted = 4,
  kNotMounted = 5,
  kSomeSecretsFailed = 6,
  kNoIdentityMatched = 10,
  kAgeHeaderInvalid = 11,
  kAgeMacInvalid = 12,
  kAgePayloadInvalid = 13,
  kArmorInvalid = 14,
};

inline ExitCode ExitCodeFor(Code code) {
  switch (code) {
    case Code::kPermission:
      return ExitCode::kNotPermitted;
    case Code::kNoMatch:
      return ExitCode::kNoIdentityMatched;
    case Code::kHeader:
      return ExitCode::kAgeHeaderInvalid;
    case Code::kMac:
      return ExitCode::kAgeMacInvalid;
    case Code::kPayload:
      return ExitCode::kAgePayloadInvalid;
    case Code::kArmor:
      return ExitCode::kArmorInvalid;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace secretfs
