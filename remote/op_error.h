// What the words mean that `op` says when it fails: it has one exit code for everything. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace secretfs::remote {

/// `said`: lines of its standard error, printable. Words that are known have the class of
/// remote/store.h; all others may be over soon. What looks like a token is not in the error.
Error OpError(std::string_view said, const std::string& where);

}  // namespace secretfs::remote
