// The words by which the daemon asks the actor for something: "restart UNIT", "reload UNIT" or
// "signal UNIT NUMBER", one request a datagram. The actor believes nothing of them but what the
// configuration declares. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "core/consumers.h"

namespace secretfs {

/// In bytes; what is longer is no request.
constexpr size_t kLongestUnitRequest = 300;

std::string UnitRequest(const OnChange& action);
/// Errors: kInvalid for anything that UnitRequest() does not write.
Result<OnChange> ParseUnitRequest(std::string_view request);

/// "restart", "reload", "signal"
std::string_view ActionName(OnChange::Action action) noexcept;

}  // namespace secretfs
