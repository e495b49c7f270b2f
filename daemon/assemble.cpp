#include "daemon/assemble.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "base/text.h"
#include "daemon/plugins.h"
#include "providers/registry.h"
#include "views/view.h"

namespace secretfs {
namespace {

using ProviderPtr = std::shared_ptr<Provider>;

constexpr size_t kMostNestedViews = 32;  // values are made by recursion over inputs

/// Texts joined so that no two lists look the same.
class Recipe {
 public:
  explicit Recipe(std::string_view what) { Add(what); }
  Recipe& Add(std::string_view part) {
    text_ += std::to_string(part.size());
    text_.append(1, ':').append(part);
    return *this;
  }
  Recipe& Add(const Parameters& parameters) {
    for (const auto& [key, value] : parameters.values) Add(key).Add(value);
    for (const auto& [key, names] : parameters.maps) {
      Add(key).Add(std::to_string(names.size()));
      for (const auto& [inner, name] : names) Add(inner).Add(name);
    }
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// The entries that are there already, by name. What makes the same is the same entry.
class OldEntries {
 public:
  explicit OldEntries(const Assembly* before) {
    if (before == nullptr) return;
    for (const File& file : before->files) entries_.emplace(file.entry->name(), file.entry);
    for (const EntryPtr& document : before->documents) entries_.emplace(document->name(), document);
  }
  [[nodiscard]] EntryPtr SameOrNew(EntrySpec spec) const {
    const auto [begin, end] = entries_.equal_range(spec.name);
    const auto same = std::find_if(begin, end, [&](const auto& named) {
      const EntrySpec& old = named.second->spec();
      return old.recipe == spec.recipe && old.inputs == spec.inputs && old.origin == spec.origin;
    });
    return same == end ? std::make_shared<Entry>(std::move(spec)) : same->second;
  }

 private:
  std::multimap<std::string, EntryPtr> entries_;
};

/// Ours or, for what root does by hand, those of the service that runs.
std::string CredentialsFolder() {
  constexpr const char* kOfService = "/run/credentials/secretfs.service";
  const char* const given = std::getenv("CREDENTIALS_DIRECTORY");
  if (given != nullptr) return given;
  return ::geteuid() == 0 && ::access(kOfService, X_OK) == 0 ? kOfService : "";
}

class Assembler {
 public:
  Assembler(const Config& config, Log& log, const Assembly* before)
      : config_(config), old_(before) {
    const std::string credentials = CredentialsFolder();
    if (before != nullptr) {
      assembly_.identities = before->identities;
    } else {
      assembly_.identities = std::make_shared<IdentityStore>(credentials, [&log](const Error& e) {
        log.Warning("identity_failed", {{"reason", e.Text()}, {"hint", e.hint}});
      });
    }
    assembly_.identity_configs = config.identities;
    assembly_.plugins_config = config.plugins;
    const bool same_plugins = before != nullptr && before->plugins_config == config.plugins;
    assembly_.plugins =
        same_plugins ? before->plugins : MakePlugins(config.plugins, credentials, log);
  }

  Result<Assembly> Build() {
    for (const SourceConfig& source : config_.sources) {
      configs_[source.name] = &source;
      sources_[source.name] = MakeProvider(source.kind, source.parameters, {assembly_.identities});
    }
    for (const SecretConfig& secret : config_.secrets) AddSecret(secret);
    for (const ViewConfig& view : config_.views) views_[view.name] = &view;
    for (const ViewConfig& view : config_.views) {
      const Named added = TRY(AddView(view, 1));
      assembly_.files.push_back({added.entry, view.access, view.consumers});
    }
    return std::move(assembly_);
  }

 private:
  /// An entry that views may use, and how many views lie below it.
  struct Named {
    EntryPtr entry;
    size_t depth = 0;
  };

  static MakeValue Fetch(ProviderPtr provider, std::string document) {
    return [provider = std::move(provider), document = std::move(document)](
               std::span<const ValuePtr>, SteadyTime deadline, std::stop_token stop) {
      return provider->Fetch(document, deadline, std::move(stop));
    };
  }

  static MakeValue Select(ProviderPtr provider, std::string ref) {
    return [provider = std::move(provider), ref = std::move(ref)](
               std::span<const ValuePtr> document, SteadyTime, std::stop_token) {
      return provider->Select(*document.front(), ref);
    };
  }

  void AddSecret(const SecretConfig& secret) {
    EntrySpec spec;
    spec.name = secret.name;
    if (secret.source.empty()) {
      ProviderPtr& shared = direct_[secret.kind];
      if (!shared) shared = MakeProvider(secret.kind, {}, {assembly_.identities});
      spec.origin = secret.kind;
      spec.make = Fetch(shared, secret.ref);
      spec.recipe = Recipe(secret.kind).Add(secret.ref).text();
      spec.files = shared->FilesOf(secret.ref);
    } else {
      const ProviderPtr& provider = sources_.at(secret.source);
      spec.origin = "source " + secret.source;
      spec.inputs.push_back(Document(secret.source, provider->DocumentOf(secret.ref)));
      spec.make = Select(provider, secret.ref);
      spec.recipe = Recipe("select").Add(secret.ref).text();
    }
    EntryPtr entry = old_.SameOrNew(std::move(spec));
    by_name_[secret.name] = {entry, 0};
    assembly_.files.push_back({std::move(entry), secret.access, secret.consumers});
  }

  /// The hidden entry of one document of a source, shared by all who use it.
  EntryPtr Document(const std::string& source, const std::string& document) {
    EntryPtr& entry = documents_[{source, document}];
    if (!entry) {
      const SourceConfig& config = *configs_.at(source);
      const ProviderPtr& provider = sources_.at(source);
      EntrySpec spec;
      spec.name = document.empty() ? source : source + ": " + document;
      spec.origin = "source " + source;
      spec.make = Fetch(provider, document);
      spec.recipe = Recipe(config.kind).Add(config.parameters).Add(document).text();
      spec.files = provider->FilesOf(document);
      entry = old_.SameOrNew(std::move(spec));
      assembly_.documents.push_back(entry);
    }
    return entry;
  }

  Result<Named> AddView(const ViewConfig& config, size_t nesting) {
    if (const auto made = by_name_.find(config.name); made != by_name_.end()) return made->second;
    if (!in_progress_.insert(config.name).second) return Wrong(config, "needs itself", "");
    const std::shared_ptr<const View> view = TRY(MakeView(config));
    EntrySpec spec;
    spec.name = config.name;
    spec.origin = "view " + config.format;
    spec.recipe = Recipe(config.format).Add(config.parameters).Add(config.source).text();
    size_t depth = 1;
    std::vector<std::string> names = view->Needs();
    for (const std::string& name : names) {
      Named input = TRY(Input(config, name, nesting));
      depth = std::max(depth, input.depth + 1);
      spec.inputs.push_back(std::move(input.entry));
    }
    if (depth > kMostNestedViews) return TooDeep(config);
    if (!config.source.empty()) {
      names.push_back(config.source);
      spec.inputs.push_back(Document(config.source, ""));
    }
    spec.make = [view, names = std::move(names)](std::span<const ValuePtr> values, SteadyTime,
                                                 std::stop_token) {
      std::vector<ViewInput> named;
      for (size_t i = 0; i < values.size(); ++i) named.push_back({names[i], *values[i]});
      return view->Render(named);
    };
    return by_name_[config.name] = {old_.SameOrNew(std::move(spec)), depth};
  }

  Result<Named> Input(const ViewConfig& user, const std::string& name, size_t nesting) {
    if (const auto made = by_name_.find(name); made != by_name_.end()) return made->second;
    if (const auto view = views_.find(name); view != views_.end()) {
      if (nesting >= kMostNestedViews) return TooDeep(user);
      return AddView(*view->second, nesting + 1);
    }
    std::vector<std::string> known;
    for (const SecretConfig& secret : config_.secrets) known.push_back(secret.name);
    for (const ViewConfig& view : config_.views) known.push_back(view.name);
    return Wrong(user, "needs " + Quote(name) + ", which is not declared",
                 SuggestFrom(name, known, "secrets and views"));
  }

  static Error TooDeep(const ViewConfig& view) {
    return Wrong(view, "needs views nested more than " + std::to_string(kMostNestedViews) + " deep",
                 "");
  }
  static Error Wrong(const ViewConfig& view, const std::string& what, std::string hint) {
    return {Code::kInvalid, "view " + Quote(view.name) + " " + what, view.place.Text(),
            std::move(hint)};
  }

  const Config& config_;
  const OldEntries old_;
  Assembly assembly_;
  std::map<std::string, const SourceConfig*> configs_;
  std::map<std::string, ProviderPtr> sources_;
  std::map<std::string, ProviderPtr> direct_;
  std::map<std::pair<std::string, std::string>, EntryPtr> documents_;
  std::map<std::string, Named> by_name_;
  std::map<std::string, const ViewConfig*> views_;
  std::set<std::string> in_progress_;
};

}  // namespace

Result<Assembly> Assemble(const Config& config, Log& log, const Assembly* before) {
  return Assembler(config, log, before).Build();
}

}  // namespace secretfs
