#include "core/config_parameters.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace secretfs {
namespace {

/// The value of `key`, or what a value of this type is when nobody sets it.
template <class Value>
Value FindIn(const std::map<std::string, Value>& values, const std::string& key) {
  const auto at = values.find(key);
  return at == values.end() ? Value() : at->second;
}

template <class Value>
std::optional<Value> MaybeIn(const std::map<std::string, Value>& values, const std::string& key) {
  const auto at = values.find(key);
  return at == values.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

std::string Parameters::Get(const std::string& key) const { return FindIn(values, key); }

std::map<std::string, std::string> Parameters::Map(const std::string& key) const {
  return FindIn(maps, key);
}

std::vector<std::string> Parameters::List(const std::string& key) const {
  return FindIn(lists, key);
}

std::optional<std::chrono::milliseconds> Parameters::Duration(const std::string& key) const {
  return MaybeIn(durations, key);
}

std::optional<uint64_t> Parameters::Number(const std::string& key) const {
  return MaybeIn(numbers, key);
}

std::optional<KeyFile> Parameters::Key(const std::string& key) const {
  return MaybeIn(key_files, key);
}

bool Parameters::Flag(const std::string& key) const { return FindIn(flags, key); }

bool Parameters::Has(const std::string& key) const {
  return values.contains(key) || maps.contains(key) || lists.contains(key) ||
         durations.contains(key) || numbers.contains(key) || key_files.contains(key) ||
         flags.contains(key);
}

namespace config_parameters {
namespace {

using config_read::Map;
using config_read::Scalar;

Result<std::map<std::string, std::string>> ReadMap(const Map& map, const YamlNode& node,
                                                   const std::string& key) {
  const Map named = TRY(Map::Of(node, map.text(), Quote(key)));
  std::map<std::string, std::string> read;
  for (const auto& [name, value] : named.pairs()) {
    read[name->text] = TRY(Scalar(named, *value, Quote(name->text)));
  }
  return read;
}

Result<std::vector<std::string>> ReadList(const Map& map, const YamlNode& node,
                                          const std::string& key) {
  std::vector<std::string> read;
  if (node.kind != YamlNode::Kind::kList) {
    read.push_back(TRY(Scalar(map, node, Quote(key))));
    return read;
  }
  for (const YamlNode& item : node.items) {
    read.push_back(TRY(Scalar(map, item, "an item of " + Quote(key))));
  }
  if (read.empty()) return map.At(node, Quote(key) + " is empty", "");
  return read;
}

Result<std::chrono::milliseconds> ReadDuration(const Map& map, const YamlNode& node,
                                               const std::string& key) {
  const auto read = TRY(config_read::Duration(map, node, Quote(key), config_read::Longest::kWeek));
  if (read.count() == 0) return map.At(node, Quote(key) + " must be longer than nothing", "");
  return read;
}

Result<uint64_t> ReadNumber(const Map& map, const YamlNode& node, const std::string& key) {
  constexpr unsigned kMost = std::numeric_limits<int>::max();
  const unsigned read = TRY(config_read::Count(map, node, Quote(key), kMost));
  if (read == 0) return map.At(node, Quote(key) + " must be more than 0", "");
  return read;
}

/// `shown` is what it is called in complaints.
Status Read(const Map& map, const YamlNode& node, const ParameterSpec& spec,
            const std::string& shown, Parameters& into) {
  const std::string& key = spec.key;
  switch (spec.form) {
    case ParameterForm::kText:
    case ParameterForm::kPath:
      into.values[key] = TRY(map.ScalarAs(node, spec.form, shown));
      break;
    case ParameterForm::kSecretMap:
    case ParameterForm::kTextMap:
      into.maps[key] = TRY(ReadMap(map, node, shown));
      break;
    case ParameterForm::kList:
      into.lists[key] = TRY(ReadList(map, node, shown));
      break;
    case ParameterForm::kDuration:
      into.durations[key] = TRY(ReadDuration(map, node, shown));
      break;
    case ParameterForm::kNumber:
      into.numbers[key] = TRY(ReadNumber(map, node, shown));
      break;
    case ParameterForm::kKeyFile:
      into.key_files[key] = TRY(config_read::ReadKeyFile(map, node, Quote(shown)));
      break;
    case ParameterForm::kFlag:
      into.flags[key] = TRY(config_read::Bool(map, node, Quote(shown)));
      break;
  }
  return Ok{};
}

Status CheckRequired(const Parameters& parameters, const std::vector<ParameterSpec>& specs,
                     const Map& map, const YamlNode& node) {
  for (const ParameterSpec& spec : specs) {
    if (spec.required && !parameters.Has(spec.key)) {
      return map.At(node, Quote(spec.key) + " is missing", "");
    }
  }
  return Ok{};
}

}  // namespace

Result<Parameters> Load(const Map& map, const std::vector<ParameterSpec>& specs,
                        std::vector<std::string> other_keys) {
  for (const ParameterSpec& spec : specs) other_keys.push_back(spec.key);
  TRY(map.OnlyKeys(other_keys));
  Parameters parameters;
  for (const ParameterSpec& spec : specs) {
    const YamlNode* node = map.Find(spec.key);
    if (node != nullptr) TRY(Read(map, *node, spec, spec.key, parameters));
  }
  TRY(CheckRequired(parameters, specs, map, map.node()));
  return parameters;
}

bool IsFirst(const YamlNode& node, const std::vector<ParameterSpec>& specs) {
  if (specs.empty()) return false;
  if (node.kind == YamlNode::Kind::kScalar) return true;
  return node.kind == YamlNode::Kind::kList && specs.front().form == ParameterForm::kList;
}

Result<Parameters> LoadFirst(const Map& map, const YamlNode& node,
                             const std::vector<ParameterSpec>& specs, const std::string& kind) {
  Parameters parameters;
  TRY(Read(map, node, specs.front(), kind, parameters));
  TRY(CheckRequired(parameters, specs, map, node));
  return parameters;
}

}  // namespace config_parameters
}  // namespace secretfs
