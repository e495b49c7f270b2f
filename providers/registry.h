// The kinds of provider there are. A new kind is one file beside this one, and one line in
// registry.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/config.h"
#include "providers/provider.h"
#include "providers/remote_source.h"

namespace secretfs {

class IdentityStore;

/// What providers share.
struct ProviderContext {
  std::shared_ptr<IdentityStore> identities;
  std::string credentials_directory;  // as for PathOf()
  std::shared_ptr<const Clock> clock;
  std::string state_folder;        // where remote sources keep how often they asked; empty: nowhere
  std::function<double()> random;  // from 0 to below 1; thread-safe
  /// Of the source of this name, from any thread; may be empty.
  std::function<void(const std::string& source, const Error& error)> warn;
  /// What a helper program of the source writes to standard error, without control characters.
  std::function<void(const std::string& source, std::string_view text)> said;
};

/// What the configuration may say about each kind.
std::vector<ProviderSpec> ProviderSpecs();

/// `source.kind` must be one of ProviderSpecs(), and its parameters as the loader checked them. Of
/// a kind that is named directly by a secret nothing else is set.
std::unique_ptr<Provider> MakeProvider(const SourceConfig& source, const ProviderContext& context);

/// The parameters that all kinds of remote source take after their own: how often and how long.
std::vector<ParameterSpec> WithRemoteParameters(std::vector<ParameterSpec> own);

/// What they say; `refresh` and `requests_per_day` are those of the kind.
RemoteSourceOptions RemoteOptions(const SourceConfig& source, const ProviderContext& context,
                                  std::chrono::milliseconds refresh,
                                  std::optional<uint64_t> requests_per_day = {});

}  // namespace secretfs
