#include "core/config_read.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.h"
#include "core/name.h"

namespace secretfs::config_read {
namespace {

constexpr std::string_view kCredential = "credential:";

}  // namespace

bool IsNull(const YamlNode& node) {
  constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
  return node.kind == YamlNode::Kind::kScalar && node.plain &&
         std::find(kNull.begin(), kNull.end(), node.text) != kNull.end();
}

Result<Map> Map::Of(const YamlNode& node, const ConfigText& text, const std::string& what) {
  Map map(node, text);
  if (IsNull(node)) return map;
  if (node.kind != YamlNode::Kind::kMap)
    return map.At(node, what + " must be a mapping of keys to values", "");
  std::set<std::string_view> seen;
  for (size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const YamlNode& key = node.items[i];
    if (key.kind != YamlNode::Kind::kScalar) return map.At(key, "a key must be plain text", "");
    if (!seen.insert(key.text).second) {
      return map.At(key, Quote(key.text) + " stands here twice",
                    "first at " + map.PlaceOf(*std::find_if(map.pairs_.begin(), map.pairs_.end(),
                                                            [&](const Pair& p) {
                                                              return p.first->text == key.text;
                                                            })
                                                   ->first)
                                      .Text());
    }
    map.pairs_.emplace_back(&key, &node.items[i + 1]);
  }
  return map;
}

const YamlNode* Map::Find(std::string_view key) const {
  const auto at = std::find_if(pairs_.begin(), pairs_.end(),
                               [&](const Pair& pair) { return pair.first->text == key; });
  return at == pairs_.end() ? nullptr : at->second;
}

Status Map::OnlyKeys(std::span<const std::string> known) const {
  for (const auto& [key, value] : pairs_) {
    if (std::find(known.begin(), known.end(), key->text) == known.end()) {
      return At(*key, "unknown key " + Quote(key->text), SuggestFrom(key->text, known, "known"));
    }
  }
  return Ok{};
}

Result<std::string> Map::Path(const std::string& key) const {
  const YamlNode* node = Find(key);
  if (node == nullptr) return At(*node_, Quote(key) + " is missing", "");
  return ScalarAs(*node, ParameterForm::kPath, key);
}

Result<std::string> Map::AbsolutePath(const YamlNode& node, const std::string& path) const {
  if (path.find('\0') != std::string::npos) return At(node, "a path has a NUL byte", "");
  return path.starts_with('/') ? path : text_->folder + "/" + path;
}

Result<std::string> Map::ScalarAs(const YamlNode& node, ParameterForm form,
                                  const std::string& key) const {
  const std::string text = TRY(Scalar(*this, node, Quote(key)));
  if (form == ParameterForm::kPath) return AbsolutePath(node, text);
  return text;
}

Error Map::At(const YamlNode& node, std::string what, std::string hint) const {
  return {Code::kInvalid, std::move(what), PlaceOf(node).Text(), std::move(hint)};
}

Result<std::string> Scalar(const Map& map, const YamlNode& node, const std::string& what) {
  if (node.kind != YamlNode::Kind::kScalar) return map.At(node, what + " must be plain text", "");
  if (node.text.empty() || IsNull(node)) return map.At(node, what + " is empty", "");
  return node.text;
}

Result<Principal> Who(const Map& map, const YamlNode& node, const std::string& text) {
  if (text.find_first_of(std::string_view(" \t\n\r:/\0", 7)) != std::string::npos) {
    return map.At(node, Quote(text) + " is not the name of a user or group", "");
  }
  Principal who{text, std::nullopt};
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) return who;
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number == UINT32_MAX)
    return map.At(node, Quote(text) + " is not a valid id", "");
  who.number = number;
  return who;
}

Result<Principal> User(const Map& map, const YamlNode& node) {
  return Who(map, node, TRY(Scalar(map, node, "'owner'")));
}

Result<Principal> Group(const Map& map, const YamlNode& node) {
  return Who(map, node, TRY(Scalar(map, node, "'group'")));
}

Result<mode_t> Mode(const Map& map, const YamlNode& node) {
  const std::string text = TRY(Scalar(map, node, "'mode'"));
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  if (node.plain && digits) {
    return map.At(node, "'mode' must be in quotes",
                  "YAML reads " + text + " as a decimal number; write \"" + text + "\"");
  }
  mode_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool octal = error == std::errc() && end == text.data() + text.size() && text.size() >= 3 &&
                     text.size() <= 4;
  if (!octal || (mode & ~mode_t{0777}) != 0) {
    return map.At(node, Quote(text) + " is not an octal mode", "as in \"0400\" or \"0440\"");
  }
  return mode;
}

Result<std::chrono::milliseconds> Duration(const Map& map, const YamlNode& node,
                                           const std::string& what, Longest longest) {
  const std::string text = TRY(Scalar(map, node, what));
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const bool week = longest == Longest::kWeek;
  int64_t factor = -1;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit == "d" && week) factor = 86'400'000;
  if (unit.empty() && number == 0) factor = 1;
  const int64_t most = week ? 7 * int64_t{86'400'000} : 3'600'000;
  if (error != std::errc() || number < 0 || factor < 0 || number > most / factor) {
    return map.At(node, Quote(text) + " is not a time up to " + (week ? "a week" : "an hour"),
                  week ? "as in 90s, 10m, 6h or 1d" : "as in 10s, 500ms or 2m");
  }
  return std::chrono::milliseconds(number * factor);
}

Result<uint64_t> Size(const Map& map, const YamlNode& node, const std::string& what) {
  const std::string text = TRY(Scalar(map, node, what));
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  constexpr unsigned kUnknown = 64;
  unsigned shift = kUnknown;
  if (unit.empty()) shift = 0;
  if (unit == "KiB") shift = 10;
  if (unit == "MiB") shift = 20;
  if (unit == "GiB") shift = 30;
  if (error != std::errc() || shift == kUnknown || number > UINT32_MAX) {
    return map.At(node, Quote(text) + " is not a size", "as in 64MiB, 500KiB or 1GiB");
  }
  return number << shift;
}

Result<unsigned> Count(const Map& map, const YamlNode& node, const std::string& what,
                       unsigned most) {
  const std::string text = TRY(Scalar(map, node, what));
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) {
    return map.At(node, Quote(text) + " is not a number up to " + std::to_string(most), "");
  }
  return number;
}

Result<bool> Bool(const Map& map, const YamlNode& node, const std::string& what) {
  const std::string text = TRY(Scalar(map, node, what));
  if (!node.plain || (text != "true" && text != "false")) {
    return map.At(node, Quote(text) + " is neither true nor false", "write it without quotes");
  }
  return text == "true";
}

Result<KeyFile> ReadKeyFile(const Map& map, const YamlNode& node, const std::string& what) {
  KeyFile file;
  file.place = map.PlaceOf(node);
  const std::string text = TRY(Scalar(map, node, what));
  if (text.starts_with(kCredential)) {
    file.credential = text.substr(kCredential.size());
    const bool plain_name =
        file.credential.find('/') == std::string::npos && IsEntryName(file.credential);
    if (!plain_name) {
      return map.At(node, "is not the name of a credential", "as in 'credential:identity'");
    }
    return file;
  }
  file.path = TRY(map.AbsolutePath(node, text));
  if (file.path.starts_with("/nix/store/")) {
    return map.At(node, what + " in the nix store can be read by everybody",
                  "keep it outside, as in /var/lib/secretfs/identity.txt");
  }
  return file;
}

}  // namespace secretfs::config_read
