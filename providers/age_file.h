// Secrets in age files, one each. A reference is the file's absolute path.
#pragma once

#include <memory>

#include "providers/provider.h"

namespace secretfs {

class IdentityStore;

/// `identities` outlives the provider.
std::unique_ptr<Provider> MakeAgeFileProvider(IdentityStore& identities);

}  // namespace secretfs
