// The schema of the configuration: what may stand where. config_read.h has the readers of single
// values.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "core/config.h"
#include "core/config_access.h"
#include "core/config_consumers.h"
#include "core/config_keys.h"
#include "core/config_parameters.h"
#include "core/config_read.h"
#include "core/name.h"
#include "core/yaml.h"

namespace secretfs {
namespace {

using config_read::Map;
using config_read::Scalar;

const std::vector<std::string> kTopKeys{"identities", "plugins", "defaults", "audit", "credentials",
                                        "offline",    "sources", "secrets",  "views"};

constexpr const char* kOffline = "offline";

class ConfigLoader {
 public:
  ConfigLoader(const Vocabulary& vocabulary, const ConfigDefaults& defaults)
      : vocabulary_(vocabulary), mount_point_(defaults.mount_point) {
    defaults_.owner = defaults.owner;
    defaults_.group = defaults.group;
  }

  /// `defaults` and `sources` of every file count for all files, so they are read before the rest.
  Result<Config> Load(std::span<const ConfigText> texts) {
    std::vector<std::pair<const ConfigText*, YamlNode>> documents;
    for (const ConfigText& text : texts)
      documents.emplace_back(&text, TRY(ParseYaml(text.text, text.file)));
    for (const auto& [text, root] : documents) {
      const Map top = TRY(Map::Of(root, *text, "the configuration"));
      TRY(top.OnlyKeys(kTopKeys));
      TRY(LoadDefaults(top));
      TRY(config_keys::SetAudit(top, config_.audit));
      TRY(config_keys::SetCredentials(top, config_.credentials));
      TRY(config_keys::AddIdentities(top, config_.identities));
      TRY(config_keys::SetPlugins(top, config_.plugins));
      TRY(config_keys::SetOffline(top, config_.offline));
      TRY(ForEach(top, "sources", [this](const auto&... a) { return LoadSource(a...); }));
    }
    for (const auto& [text, root] : documents) {
      const Map top = TRY(Map::Of(root, *text, "the configuration"));
      TRY(ForEach(top, "secrets", [this](const auto&... a) { return LoadSecret(a...); }));
      TRY(ForEach(top, "views", [this](const auto&... a) { return LoadView(a...); }));
    }
    TRY(CheckFileOrDirectory());
    TRY(CheckCredentialNames());
    TRY(config_consumers::CheckPaths(config_, mount_point_));
    return std::move(config_);
  }

 private:
  template <class Body>
  static Status ForEach(const Map& top, const std::string& section, const Body& body) {
    const YamlNode* node = top.Find(section);
    if (node == nullptr) return Ok{};
    const Map named = TRY(Map::Of(*node, top.text(), Quote(section)));
    for (const auto& [key, value] : named.pairs()) {
      TRY(body(*key, TRY(Map::Of(*value, top.text(), Quote(key->text)))));
    }
    return Ok{};
  }

  Status LoadDefaults(const Map& top) {
    const YamlNode* node = top.Find("defaults");
    if (node == nullptr) return Ok{};
    if (!defaults_place_.empty())
      return top.At(*node, "'defaults' are set twice", "first at " + defaults_place_);
    defaults_place_ = top.PlaceOf(*node).Text();
    const Map map = TRY(Map::Of(*node, top.text(), "'defaults'"));
    TRY(map.OnlyKeys(std::vector<std::string>{"owner", "group", "mode", "wait"}));
    defaults_ = TRY(config_access::LoadAccess(map, defaults_));
    return Ok{};
  }

  Status LoadSource(const YamlNode& name, const Map& map) {
    if (name.text.empty()) return map.At(name, "a source needs a name", "");
    TRY(Declare(sources_, map, name, "source"));
    std::vector<std::string> kinds;
    for (const ProviderSpec& spec : vocabulary_.providers) {
      if (spec.as_source) kinds.push_back(spec.kind);
    }
    if (map.pairs().size() > 1) {
      return map.At(*map.pairs()[1].first, "source " + Quote(name.text) + " has more than one kind",
                    "");
    }
    TRY(map.OnlyKeys(kinds));
    if (map.pairs().empty())
      return map.At(name, "source " + Quote(name.text) + " says nothing", "kinds: " + Join(kinds));
    const auto& [kind, value] = map.pairs().front();
    const ProviderSpec& spec = *FindProvider(kind->text);
    SourceConfig source{name.text, kind->text, {}, map.PlaceOf(name)};
    if (config_parameters::IsFirst(*value, spec.parameters)) {
      source.parameters =
          TRY(config_parameters::LoadFirst(map, *value, spec.parameters, kind->text));
    } else {
      const Map inner = TRY(Map::Of(*value, map.text(), Quote(kind->text)));
      source.parameters = TRY(config_parameters::Load(inner, spec.parameters, {}));
    }
    source_index_.emplace(name.text, config_.sources.size());
    config_.sources.push_back(std::move(source));
    return Ok{};
  }

  Status LoadSecret(const YamlNode& name, const Map& map) {
    TRY(Declare(names_, map, name, "secret or view"));
    TRY(CheckName(map, name));
    std::vector<std::string> kinds;
    std::vector<std::string> keys = config_access::Keys();
    keys.insert(keys.end(), {kOffline, "source"});
    for (const ProviderSpec& spec : vocabulary_.providers) {
      if (spec.direct) kinds.push_back(spec.kind);
      const bool fresh = std::find(keys.begin(), keys.end(), spec.selector) == keys.end();
      if (fresh && !spec.selector.empty()) keys.push_back(spec.selector);
    }
    keys.insert(keys.end(), kinds.begin(), kinds.end());
    TRY(map.OnlyKeys(keys));
    kinds.emplace_back("source");
    const std::string origin = TRY(OneOf(map, name, kinds));
    SecretConfig secret{name.text, "", "", "", {}, {}, map.PlaceOf(name), {}};
    secret.access = TRY(config_access::LoadAccess(map, defaults_));
    secret.consumers = TRY(config_consumers::Load(map));
    if (origin == "source") {
      TRY(LoadSourceRef(map, secret));
    } else {
      secret.kind = origin;
      secret.ref = TRY(map.ScalarAs(*map.Find(origin), *FindProvider(origin)->direct, origin));
      secret.ref_place = map.PlaceOf(*map.Find(origin));
      TRY(RefuseSelectors(map, nullptr, origin));
    }
    TRY(LoadOffline(map, secret));
    config_.secrets.push_back(std::move(secret));
    return Ok{};
  }

  Status LoadSourceRef(const Map& map, SecretConfig& secret) {
    const SourceConfig& source = *TRY(FindSource(map));
    const ProviderSpec& spec = *FindProvider(source.kind);
    secret.source = source.name;
    TRY(RefuseSelectors(map, &spec.selector, "source " + Quote(source.name)));
    if (spec.selector.empty()) {
      return map.At(*map.Find("source"), "source " + Quote(source.name) + " has no single secrets",
                    "name it as the source of a view");
    }
    const YamlNode* selector = map.Find(spec.selector);
    if (selector == nullptr) {
      return map.At(*map.Find("source"), "which secret of source " + Quote(source.name) + "?",
                    "add `" + spec.selector + ": ...`");
    }
    secret.ref = TRY(Scalar(map, *selector, Quote(spec.selector)));
    secret.ref_place = map.PlaceOf(*selector);
    return Ok{};
  }

  Status LoadOffline(const Map& map, SecretConfig& secret) const {
    const YamlNode* node = map.Find(kOffline);
    if (node == nullptr) return Ok{};
    const auto source = source_index_.find(secret.source);
    if (source == source_index_.end() ||
        !FindProvider(config_.sources[source->second].kind)->remote) {
      return map.At(*node, "'offline' is for secrets of remote sources", "leave it out");
    }
    const std::string text = TRY(Scalar(map, *node, "'offline'"));
    if (text != "deny") {
      return map.At(*node, Quote(text) + " is not what 'offline' can be",
                    "write `offline: deny`, or leave it out");
    }
    secret.deny_offline = true;
    return Ok{};
  }

  /// A selector that belongs to another kind of source is a mistake, not something to ignore.
  Status RefuseSelectors(const Map& map, const std::string* wanted, const std::string& whose) {
    for (const ProviderSpec& spec : vocabulary_.providers) {
      const YamlNode* found = spec.selector.empty() ? nullptr : map.Find(spec.selector);
      if (found != nullptr && (wanted == nullptr || *wanted != spec.selector)) {
        return map.At(*found, Quote(spec.selector) + " does not go with " + whose, "");
      }
    }
    return Ok{};
  }

  Status LoadView(const YamlNode& name, const Map& map) {
    TRY(Declare(names_, map, name, "secret or view"));
    TRY(CheckName(map, name));
    const YamlNode* format = map.Find("format");
    if (format == nullptr)
      return map.At(name, "view " + Quote(name.text) + " has no 'format'", FormatsHint(""));
    ViewConfig view{name.text, "", "", {}, {}, {}, map.PlaceOf(name)};
    view.format = TRY(Scalar(map, *format, "'format'"));
    const auto spec = std::find_if(vocabulary_.views.begin(), vocabulary_.views.end(),
                                   [&](const ViewSpec& s) { return s.format == view.format; });
    if (spec == vocabulary_.views.end()) {
      return map.At(*format, "unknown format " + Quote(view.format), FormatsHint(view.format));
    }
    std::vector<std::string> others = config_access::Keys();
    others.emplace_back("format");
    if (spec->takes_source) {
      others.emplace_back("source");
      if (map.Find("source") == nullptr) {
        return map.At(name, "view " + Quote(name.text) + " has no 'source'",
                      "name a source of tokens");
      }
      view.source = TRY(FindSource(map))->name;
    }
    view.parameters = TRY(config_parameters::Load(map, spec->parameters, others));
    view.access = TRY(config_access::LoadAccess(map, defaults_));
    view.consumers = TRY(config_consumers::Load(map));
    config_.views.push_back(std::move(view));
    return Ok{};
  }

  static Result<std::string> OneOf(const Map& map, const YamlNode& name,
                                   const std::vector<std::string>& kinds) {
    std::string chosen;
    for (const auto& [key, value] : map.pairs()) {
      if (std::find(kinds.begin(), kinds.end(), key->text) == kinds.end()) continue;
      if (!chosen.empty()) {
        return map.At(*key,
                      "secret " + Quote(name.text) + " has two sources, " + Quote(chosen) +
                          " and " + Quote(key->text),
                      "keep one of them");
      }
      chosen = key->text;
    }
    if (chosen.empty())
      return map.At(name, "secret " + Quote(name.text) + " has no source",
                    "give one of: " + Join(kinds));
    return chosen;
  }

  Result<const SourceConfig*> FindSource(const Map& map) const {
    const YamlNode& node = *map.Find("source");
    const std::string name = TRY(Scalar(map, node, "'source'"));
    if (const auto at = source_index_.find(name); at != source_index_.end())
      return &config_.sources[at->second];
    std::vector<std::string> known;
    for (const SourceConfig& source : config_.sources) known.push_back(source.name);
    return map.At(node, "unknown source " + Quote(name), SuggestFrom(name, known, "defined"));
  }

  [[nodiscard]] const ProviderSpec* FindProvider(const std::string& kind) const {
    const auto at = std::find_if(vocabulary_.providers.begin(), vocabulary_.providers.end(),
                                 [&](const ProviderSpec& spec) { return spec.kind == kind; });
    return &*at;  // the caller has checked the kind against the vocabulary
  }

  [[nodiscard]] std::string FormatsHint(std::string_view written) const {
    std::vector<std::string> formats;
    for (const ViewSpec& spec : vocabulary_.views) formats.push_back(spec.format);
    return SuggestFrom(written, formats, "formats");
  }

  static Status Declare(std::map<std::string, Place>& declared, const Map& map,
                        const YamlNode& name, const std::string& what) {
    const auto [at, fresh] = declared.emplace(name.text, map.PlaceOf(name));
    if (fresh) return Ok{};
    return map.At(name, what + " " + Quote(name.text) + " is declared twice",
                  "first at " + at->second.Text());
  }

  static Status CheckName(const Map& map, const YamlNode& name) {
    if (const auto problem = NameProblem(name.text)) {
      return map.At(name, "name " + Quote(name.text) + " " + *problem,
                    "a name is a path below the mount point");
    }
    return Ok{};
  }

  /// `a` and `a/b` cannot both be: one makes `a` a file, the other a directory.
  Status CheckFileOrDirectory() const {
    for (const auto& [name, place] : names_) {
      for (size_t slash = name.find('/'); slash != std::string::npos;
           slash = name.find('/', slash + 1)) {
        const auto file = names_.find(name.substr(0, slash));
        if (file == names_.end()) continue;
        return Error{
            Code::kInvalid,
            Quote(name) + " makes " + Quote(file->first) + " a directory, but it is a file",
            place.Text(), "the file is declared at " + file->second.Text()};
      }
    }
    return Ok{};
  }

  /// In .credstore, `a/b` and `a.b` would be the same.
  Status CheckCredentialNames() const {
    std::map<std::string, const std::string*> taken;
    for (const auto& [name, place] : names_) {
      const std::string credential = CredentialName(name);
      if (credential.empty()) continue;
      const auto [first, fresh] = taken.emplace(credential, &name);
      if (fresh) continue;
      return Error{Code::kInvalid,
                   Quote(name) + " and " + Quote(*first->second) +
                       " are the same as credentials: " + Quote(credential),
                   place.Text(),
                   Quote(*first->second) + " is declared at " + names_.at(*first->second).Text() +
                       "; rename one of them"};
    }
    return Ok{};
  }

  const Vocabulary& vocabulary_;
  const std::string mount_point_;
  Access defaults_;
  std::string defaults_place_;
  std::map<std::string, Place> sources_;
  std::map<std::string, size_t> source_index_;  // into config_.sources
  std::map<std::string, Place> names_;
  Config config_;
};

}  // namespace

std::string Place::Text() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Result<Config> LoadConfig(std::span<const ConfigText> texts, const Vocabulary& vocabulary,
                          const ConfigDefaults& defaults) {
  return ConfigLoader(vocabulary, defaults).Load(texts);
}

}  // namespace secretfs
