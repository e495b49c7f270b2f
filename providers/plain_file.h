// Secrets in plain files, on a disk that is encrypted by other means. A reference is the file's
// absolute path.
#pragma once

#include <memory>

#include "providers/provider.h"

namespace secretfs {

std::unique_ptr<Provider> MakePlainFileProvider();

}  // namespace secretfs
