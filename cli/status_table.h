// What `secretfs status` prints, from .secretfs/status.json: a table with what is wrong on top, the
// reasons below it, and a line that sums up. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace secretfs {

/// `width`: of the terminal, in columns; 0 when it is none: nothing is wrapped or left out then.
/// Throws nlohmann's exceptions when it is the status of another program.
std::string StatusText(const nlohmann::json& status, size_t width);

/// "5s", "3m", "2h" or "4d".
std::string ShortDuration(uint64_t seconds);

}  // namespace secretfs
