#include "cli/opnix.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace secretfs {
namespace {

using nlohmann::json;

/// JSON's strings are YAML's double-quoted ones.
std::string Quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// On one line, with every text in quotes but the keys, which are ours.
std::string Flow(const YamlNode& node, bool our_keys) {
  if (node.kind == YamlNode::Kind::kScalar) return Quoted(node.text);
  std::string text;
  const bool map = node.kind == YamlNode::Kind::kMap;
  for (size_t i = 0; i < node.items.size(); i += map ? 2 : 1) {
    if (i > 0) text += ", ";
    const YamlNode& item = node.items[i];
    if (map) {
      text += (our_keys ? item.text : Quoted(item.text)) + ": " + Flow(node.items[i + 1], false);
    } else {
      text += Flow(item, false);
    }
  }
  return map ? "{" + text + "}" : "[" + text + "]";
}

}  // namespace

std::string OpnixConfig(const OpnixSecrets& read, const OpnixImport& import) {
  std::string text = "# From OpNix's " + Printable(import.from) +
                     ", by `secretfs import opnix`.\nsources:\n  " + Quoted(import.source) +
                     ":\n    onepassword: {token_file: " + Quoted(import.token_file) +
                     "}\nsecrets:";
  const std::vector<YamlNode>& secrets = read.secrets.items;
  text += secrets.empty() ? " {}\n" : "\n";
  for (size_t i = 0; i + 1 < secrets.size(); i += 2) {
    text += "  " + Quoted(secrets[i].text) + ":\n";
    const std::vector<YamlNode>& keys = secrets[i + 1].items;
    for (size_t k = 0; k + 1 < keys.size(); k += 2)
      text += "    " + keys[k].text + ": " + Flow(keys[k + 1], true) + "\n";
  }
  return text;
}

}  // namespace secretfs
