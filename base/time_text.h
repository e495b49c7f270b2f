// Times as text for logs and status: RFC 3339, UTC, milliseconds.
#pragma once

#include <string>

#include "base/clock.h"

namespace secretfs {

std::string TimeText(WallTime time);

}  // namespace secretfs
