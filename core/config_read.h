// Reading single values of YAML with a schema, each with its place in every complaint. Used by
// the loaders of the configuration and of rules only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/yaml.h"

namespace secretfs::config_read {

/// YAML's ways to write nothing: "key:" and null.
bool IsNull(const YamlNode& node);

/// A mapping with scalar keys, none twice.
class Map {
 public:
  using Pair = std::pair<const YamlNode*, const YamlNode*>;

  /// `what` names it in the complaint when it is no such mapping. An empty value ("key:") is an
  /// empty mapping.
  static Result<Map> Of(const YamlNode& node, const ConfigText& text, const std::string& what);

  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }
  [[nodiscard]] const YamlNode& node() const { return *node_; }
  [[nodiscard]] const ConfigText& text() const { return *text_; }
  /// The value of `key`, or null.
  [[nodiscard]] const YamlNode* Find(std::string_view key) const;
  [[nodiscard]] Status OnlyKeys(std::span<const std::string> known) const;
  /// The absolute path under `key`, which must be there.
  [[nodiscard]] Result<std::string> Path(const std::string& key) const;

  [[nodiscard]] Result<std::string> AbsolutePath(const YamlNode& node,
                                                 const std::string& path) const;
  [[nodiscard]] Result<std::string> ScalarAs(const YamlNode& node, ParameterForm form,
                                             const std::string& key) const;

  [[nodiscard]] Place PlaceOf(const YamlNode& node) const {
    return {text_->file, node.line, node.column};
  }
  [[nodiscard]] Error At(const YamlNode& node, std::string what, std::string hint) const;

 private:
  Map(const YamlNode& node, const ConfigText& text) : node_(&node), text_(&text) {}
  const YamlNode* node_;
  const ConfigText* text_;
  std::vector<Pair> pairs_;
};

/// The text of a scalar that is not empty; `what` names it in the complaint.
Result<std::string> Scalar(const Map& map, const YamlNode& node, const std::string& what);
/// A name or number, without a look whether there is one.
Result<Principal> Who(const Map& map, const YamlNode& node, const std::string& text);
Result<Principal> User(const Map& map, const YamlNode& node);
Result<Principal> Group(const Map& map, const YamlNode& node);
/// Quoted octal up to "0777". Write and execute bits show in `ls` and do nothing on a read-only,
/// noexec mount.
Result<mode_t> Mode(const Map& map, const YamlNode& node);
enum class Longest { kHour, kWeek };
/// "10s", "500ms", "2m", "1h", and for longer ones "1d". "0" means not at all. `what` names it.
Result<std::chrono::milliseconds> Duration(const Map& map, const YamlNode& node,
                                           const std::string& what,
                                           Longest longest = Longest::kHour);
/// "64MiB": bytes, or KiB, MiB or GiB of them. `what` names it.
Result<uint64_t> Size(const Map& map, const YamlNode& node, const std::string& what);
/// A number up to `most`. `what` names it.
Result<unsigned> Count(const Map& map, const YamlNode& node, const std::string& what,
                       unsigned most);
/// true or false. `what` names it.
Result<bool> Bool(const Map& map, const YamlNode& node, const std::string& what);
/// "PATH" or "credential:NAME". `what` names it.
Result<KeyFile> ReadKeyFile(const Map& map, const YamlNode& node, const std::string& what);

}  // namespace secretfs::config_read
