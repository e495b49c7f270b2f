// The kinds of provider there are. A new kind is one file beside this one, and one line in
// registry.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/config.h"
#include "providers/provider.h"

namespace secretfs {

class IdentityStore;

/// What providers share.
struct ProviderContext {
  std::shared_ptr<IdentityStore> identities;
};

/// What the configuration may say about each kind.
std::vector<ProviderSpec> ProviderSpecs();

/// `kind` must be one of ProviderSpecs(); `parameters` are as the loader checked them (none for a
/// kind that is named directly by a secret).
std::unique_ptr<Provider> MakeProvider(const std::string& kind, const Parameters& parameters,
                                       const ProviderContext& context);

}  // namespace secretfs
