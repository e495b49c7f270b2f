// OpNix's secrets.json as a configuration of ours, in words.
#pragma once

#include <string>

#include "core/opnix.h"

namespace secretfs {

struct OpnixImport {
  std::string from;  // the manifest's name, for the comment
  std::string source;
  std::string token_file;
};

/// `sources` and `secrets`, which mean the same as `read`.
std::string OpnixConfig(const OpnixSecrets& read, const OpnixImport& import);

}  // namespace secretfs
