// A YAML document as a small tree that remembers where everything stands, which spellings were
// quoted, and duplicates. The only user of libyaml, which is event-based: 10,000 secrets parse in
// 10 ms, where yaml-cpp takes 110. Scalars stay text: 1.2 or 1.1 typing is the schema's affair
// (core/config_load.cpp). Aliases are expanded, within the limit on nodes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace secretfs {

struct YamlNode {
  enum class Kind { kScalar, kList, kMap };
  Kind kind = Kind::kScalar;
  std::string text;    // of a scalar
  bool plain = false;  // a scalar without quotes
  size_t line = 0;     // from 1
  size_t column = 0;
  std::vector<YamlNode> items;  // of a list; of a map: key, value, key, value...
};

struct YamlLimits {
  size_t bytes = size_t{8} << 20U;
  size_t nodes = 1'000'000;
  size_t depth = 32;
};

/// The one document of `text`; an empty text is an empty map. Errors: kInvalid or kTooLarge with
/// `file:line:column` in `where`; they never quote the text.
Result<YamlNode> ParseYaml(std::string_view text, const std::string& file,
                           const YamlLimits& limits = {});

}  // namespace secretfs
