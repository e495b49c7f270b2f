// OpNix's secrets.json as `secrets` of a configuration: the same files for the same people, with
// links where OpNix puts them. Pure, and no check of ours is made twice: what comes out is read
// like what was written by hand, and its nodes have the places of what they come from.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "core/config.h"
#include "core/yaml.h"

namespace secretfs {

/// Where OpNix's module for NixOS has its files, and its token.
inline constexpr const char* kOpnixFolder = "/var/lib/opnix/secrets";
inline constexpr const char* kOpnixToken = "/etc/opnix-token";

struct OpnixTerms {
  std::string source;                    // that the secrets are of
  std::string output_dir{kOpnixFolder};  // absolute; relative paths of secrets start here
  std::string mount_point{};             // absolute, or empty
};

struct OpnixSecrets {
  YamlNode secrets;                   // a mapping of names to declarations
  std::vector<std::string> warnings;  // of what has no counterpart: "secrets.json:3:5: ..."
};

/// A secret in the output folder or in the mount is called by its path below it, any other by its
/// whole path; one outside of the mount has a link at its path. Errors: kInvalid and kTooLarge,
/// with places.
Result<OpnixSecrets> ReadOpnix(const ConfigText& manifest, const OpnixTerms& terms);

}  // namespace secretfs
