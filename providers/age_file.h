// Secrets in age files, one each. A reference is the file's absolute path.
#pragma once

#include <memory>

#include "providers/provider.h"

namespace secretfs {

class IdentityStore;

std::unique_ptr<Provider> MakeAgeFileProvider(std::shared_ptr<IdentityStore> identities);

}  // namespace secretfs
