// Turns a Config into entries that know how to make their values: providers behind secrets, views
// over their inputs.
#pragma once

#include <memory>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "core/config.h"
#include "core/entry.h"
#include "core/snapshot.h"
#include "providers/identity_store.h"

namespace secretfs {

struct Assembly {
  std::shared_ptr<IdentityStore> identities;
  std::vector<File> files;  // secrets, then views, in the configuration's order
};

/// Age plugins speak to `log`, which must outlive the assembly. Errors: kInvalid with a place, for
/// a view that names what does not exist or needs itself, or has bad parameters.
Result<Assembly> Assemble(const Config& config, Log& log);

}  // namespace secretfs
