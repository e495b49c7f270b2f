// What is wrong with the identities of the configuration, for the log, once at the start.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "core/entry.h"
#include "providers/identity_store.h"

namespace secretfs {

/// On a worker of the loader, since an identity may lie on a disk that does not answer. What is
/// referred to outlives the loader.
void ReportIdentities(const std::shared_ptr<IdentityStore>& identities, Loader& loader,
                      const Clock& clock, Log& log);

}  // namespace secretfs
