// What a KV store, version 2, answers to the GET of a path. Pure.
#pragma once

#include <string>

#include "remote/http.h"
#include "remote/store.h"

namespace secretfs::remote {

/// Errors: kNotFound, which says whether the version was deleted or destroyed; those of VaultError;
/// kIo when it is not what such a store answers. Each of `wanted.refs` fails by itself. `where`: of
/// errors, the server and the path.
Result<Given> ReadVaultAnswer(const HttpAnswer& answer, const Wanted& wanted,
                              const std::string& where);

}  // namespace secretfs::remote
