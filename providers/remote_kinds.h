// The kinds of remote source: what the configuration says of one, as the options of its store.
#pragma once

#include <memory>
#include <vector>

#include "providers/registry.h"

namespace secretfs {

/// 1Password, through a Connect server if `connect` says where one is, else through `op`.
std::vector<ParameterSpec> OnePasswordParameters();
std::unique_ptr<Provider> MakeOnePassword(const SourceConfig& source,
                                          const ProviderContext& context);

/// A helper program.
std::vector<ParameterSpec> ExecParameters();
std::unique_ptr<Provider> MakeExec(const SourceConfig& source, const ProviderContext& context);

}  // namespace secretfs
