#include "cli/agenix.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "core/glob.h"
#include "core/name.h"
#include "core/rules.h"

namespace secretfs {
namespace {

using nlohmann::json;

/// JSON's strings are YAML's double-quoted ones.
std::string Quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// A value without quotes where that is safe, as in names.
std::string List(const std::vector<std::string>& items) { return "[" + Join(items) + "]"; }

Error Bad(const std::string& where, const std::string& path, std::string_view what) {
  return {Code::kInvalid, Quote(path) + " " + std::string(what), where,
          "secrets.nix has the form { \"FILE.age\".publicKeys = [ \"age1...\" ]; }"};
}

Result<std::vector<std::string>> ReadKeys(const json& list, const std::string& path,
                                          const std::string& where) {
  std::vector<std::string> keys;
  for (const json& item : list) {
    if (!item.is_string()) return Bad(where, path, "has a public key that is no text");
    std::string key = item.get<std::string>();
    key.erase(key.find_last_not_of(" \t\r\n") + 1);
    if (!key.starts_with("age1") && !key.starts_with("ssh-"))
      return Bad(where, path, "has a public key that is neither age1... nor ssh-...");
    if (key.find('\n') != std::string::npos)
      return Bad(where, path, "has a public key of several lines");
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  }
  if (keys.empty()) return Bad(where, path, "has no public key, so that nobody could open it");
  return keys;
}

Result<AgenixFile> ReadFileEntry(const std::string& path, const json& entry,
                                 const std::string& where) {
  AgenixFile file;
  file.path = std::filesystem::path(path).lexically_normal();
  if (GlobProblem(GlobFor(file.path))) return Bad(where, path, "is not the path of a file below");
  if (!entry.is_object()) return Bad(where, path, "is no attribute set");
  const auto keys = entry.find("publicKeys");
  if (keys == entry.end() || !keys->is_array()) return Bad(where, path, "has no list 'publicKeys'");
  file.keys = TRY(ReadKeys(*keys, path, where));
  if (const auto armor = entry.find("armor"); armor != entry.end()) {
    if (!armor->is_boolean()) return Bad(where, path, "has an 'armor' that is not true or false");
    file.armored = armor->get<bool>();
  }
  return file;
}

/// Words of a comment as a name: "root@web" of "ssh-ed25519 AAAA root@web".
std::string NameFrom(const std::string& key) {
  const size_t first = key.find(' ');
  const size_t second = first == std::string::npos ? first : key.find(' ', first + 1);
  std::string name;
  if (second == std::string::npos) return name;
  constexpr size_t kLongest = 40;
  for (const char c : key.substr(second + 1, kLongest)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.' || c == '@' || c == '-';
    name += plain ? c : '-';
  }
  // YAML has its own opinion of some beginnings, and so have we of some.
  const char c = name.empty() ? '-' : name.front();
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool like_key =
      name.starts_with("age1") || name.starts_with("ssh-") || name.starts_with("AGE-");
  return letter && !like_key ? name : "";
}

class Namer {
 public:
  /// `wish`, with a number if that is taken; `otherwise` with one if there is no wish.
  std::string Take(const std::string& wish, const std::string& otherwise) {
    constexpr size_t kFirst = 2;
    if (!wish.empty() && taken_.insert(wish).second) return wish;
    const std::string stem = wish.empty() ? otherwise : wish + "-";
    for (size_t number = wish.empty() ? 1 : kFirst;; ++number) {
      const std::string name = stem + std::to_string(number);
      if (taken_.insert(name).second) return name;
    }
  }

 private:
  std::set<std::string> taken_{"true", "false", "null", "yes", "no", "on", "off"};
};

/// What the files have in common.
struct Shared {
  std::vector<std::string> keys;                 // in the order of their first use
  std::map<std::string, std::string> key_names;  // of each key
  std::vector<std::vector<std::string>> lists;   // of several keys, of several files
  std::map<std::vector<std::string>, std::string> list_names;
};

/// The same keys in another order are the same recipients.
std::vector<std::string> Sorted(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  return keys;
}

Shared FindShared(const std::vector<AgenixFile>& files) {
  Shared shared;
  Namer namer;
  std::map<std::vector<std::string>, size_t> uses;
  for (const AgenixFile& file : files) {
    for (const std::string& key : file.keys) {
      if (shared.key_names.contains(key)) continue;
      shared.keys.push_back(key);
      shared.key_names[key] = namer.Take(NameFrom(key), "key");
    }
    if (file.keys.size() > 1 && ++uses[Sorted(file.keys)] == 2)
      shared.lists.push_back(Sorted(file.keys));
  }
  for (const auto& list : shared.lists) shared.list_names[list] = namer.Take("", "group");
  return shared;
}

std::vector<std::string> Names(const Shared& shared, const std::vector<std::string>& keys) {
  std::vector<std::string> names;
  for (const std::string& key : shared.keys) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      names.push_back(shared.key_names.at(key));
  }
  return names;
}

std::string RuleText(const Shared& shared, const std::vector<const AgenixFile*>& files) {
  const AgenixFile& one = *files.front();
  std::string text = "  - files:\n";
  for (const AgenixFile* file : files) text += "      - " + Quoted(GlobFor(file->path)) + "\n";
  const auto named = shared.list_names.find(Sorted(one.keys));
  text += "    recipients: " +
          (named != shared.list_names.end() ? named->second : List(Names(shared, one.keys))) + "\n";
  if (one.armored) text += std::string("    armor: ") + (*one.armored ? "true" : "false") + "\n";
  return text;
}

}  // namespace

Result<std::vector<AgenixFile>> ParseAgenix(std::string_view text, const std::string& name) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object())
    return Error{Code::kInvalid, "does not give an attribute set of files", name,
                 "secrets.nix has the form { \"FILE.age\".publicKeys = [ \"age1...\" ]; }"};
  std::vector<AgenixFile> files;
  for (const auto& [path, entry] : document.items())
    files.push_back(TRY(ReadFileEntry(path, entry, name)));
  std::sort(files.begin(), files.end(),
            [](const AgenixFile& a, const AgenixFile& b) { return a.path < b.path; });
  return files;
}

std::string AgenixRules(const std::vector<AgenixFile>& files, const std::string& from) {
  const Shared shared = FindShared(files);
  std::string text =
      "# From agenix's " + Printable(from) +
      ", by `secretfs import agenix`. It is meant to stand beside\n# that file, as " +
      kRulesFileName + ". Nix does not tell the names that keys had there.\nrecipients:";
  if (shared.keys.empty()) text += " {}";
  text += "\n";
  for (const std::string& key : shared.keys)
    text += "  " + shared.key_names.at(key) + ": " + Quoted(key) + "\n";
  for (const auto& list : shared.lists)
    text += "  " + shared.list_names.at(list) + ": " + List(Names(shared, list)) + "\n";
  text += files.empty() ? "rules: []\n" : "rules:\n";
  // One rule for all files with the same recipients and form, where the first of them stands.
  using Kind = std::pair<std::vector<std::string>, std::optional<bool>>;
  std::vector<Kind> order;
  std::map<Kind, std::vector<const AgenixFile*>> rules;
  for (const AgenixFile& file : files) {
    const Kind kind{Sorted(file.keys), file.armored};
    if (rules[kind].empty()) order.push_back(kind);
    rules[kind].push_back(&file);
  }
  for (const Kind& kind : order) text += RuleText(shared, rules.at(kind));
  return text;
}

AgenixConfig AgenixSecrets(const std::vector<AgenixFile>& files, const std::string& folder,
                           const std::string& from) {
  AgenixConfig config;
  config.text =
      "# From agenix's " + Printable(from) + ", by `secretfs import agenix --config`.\nsecrets:";
  std::string lines;
  std::set<std::string> names;
  for (const AgenixFile& file : files) {
    constexpr std::string_view kSuffix = ".age";
    std::string name = file.path;
    if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
    if (NameProblem(name) || !names.insert(name).second) {
      config.left_out.push_back(file.path);
      continue;
    }
    lines += "  " + Quoted(name) + ": {age: " + Quoted(folder + "/" + file.path) + "}\n";
  }
  config.text += lines.empty() ? " {}\n" : "\n" + lines;
  return config;
}

}  // namespace secretfs
