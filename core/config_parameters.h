// The parameters of sources and views: what a kind may be told, by the forms that it gives for
// them. Used by config_load.cpp only.
#pragma once

#include <string>
#include <vector>

#include "core/config.h"
#include "core/config_read.h"

namespace secretfs::config_parameters {

/// What `specs` say of `map`, in which `other_keys` may stand too. Errors: kInvalid, also for what
/// is required and missing.
Result<Parameters> Load(const config_read::Map& map, const std::vector<ParameterSpec>& specs,
                        std::vector<std::string> other_keys);

/// Whether `node`, in the place of a mapping, is the first parameter of `specs` alone.
bool IsFirst(const YamlNode& node, const std::vector<ParameterSpec>& specs);

/// `kind`, which stands before it in `map`, names it. Errors: as of Load().
Result<Parameters> LoadFirst(const config_read::Map& map, const YamlNode& node,
                             const std::vector<ParameterSpec>& specs, const std::string& kind);

}  // namespace secretfs::config_parameters
