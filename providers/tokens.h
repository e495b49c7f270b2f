// Provider of a token JSON file: a source of tokens, whose hosts are secrets too.
#pragma once

#include <memory>
#include <string>

#include "providers/provider.h"

namespace secretfs {

/// Fetch() reads `path`: the one document, with Value::tokens. Select() gives the bytes of one
/// host's token. Errors: of the file; kInvalid with its line and column; kNotFound for an unknown
/// host.
std::unique_ptr<Provider> MakeTokensProvider(std::string path);

}  // namespace secretfs
