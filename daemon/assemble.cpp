#include "daemon/assemble.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "base/text.h"
#include "crypto/random.h"
#include "daemon/plugins.h"
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
    for (const auto& [key, texts] : parameters.lists) Add(key).Add(texts);
    for (const auto& [key, time] : parameters.durations) Add(key).Add(std::to_string(time.count()));
    for (const auto& [key, number] : parameters.numbers) Add(key).Add(std::to_string(number));
    for (const auto& [key, file] : parameters.key_files) {
      Add(key).Add(file.path).Add(file.credential);
    }
    for (const auto& [key, flag] : parameters.flags) Add(key).Add(flag ? "true" : "false");
    return *this;
  }
  Recipe& Add(const std::vector<std::string>& texts) {
    Add(std::to_string(texts.size()));
    for (const std::string& text : texts) Add(text);
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

/// Fetches the document again and again, and knows what the newest was. For one thread at a time.
class Fetching {
 public:
  Fetching(ProviderPtr provider, FetchRequest request)
      : provider_(std::move(provider)), request_(std::move(request)) {}
  Result<Value> operator()(std::span<const ValuePtr> /*inputs*/, SteadyTime deadline,
                           std::stop_token stop) {
    Value value = TRY(provider_->Fetch(request_, deadline, std::move(stop)));
    if (!value.unchanged) request_.version = value.origin_version;
    return value;
  }

 private:
  ProviderPtr provider_;
  FetchRequest request_;
};

class Assembler {
 public:
  Assembler(const Config& config, Log& log, const Assembly* before,
            const Surroundings& surroundings)
      : config_(config), before_(before), old_(before) {
    assembly_.surroundings = before != nullptr ? before->surroundings : surroundings;
    const std::string credentials = CredentialsFolder();
    context_ = ContextOf(assembly_.surroundings, credentials, log);
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
    context_.identities = assembly_.identities;
  }

  Result<Assembly> Build() {
    for (const SourceConfig& source : config_.sources) AddSource(source);
    for (const SecretConfig& secret : config_.secrets) TRY(AddToDocument(secret));
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

  /// A source that is used, and what its documents have.
  struct Used {
    ProviderPtr provider;
    const SourceConfig* config = nullptr;
    bool kept = false;  // is the one of before
    struct Document {
      std::vector<std::string> refs{};
      std::vector<std::string> denied_offline{};
      EntryPtr entry{};
    };
    std::map<std::string, Document> documents{};
  };

  static ProviderContext ContextOf(const Surroundings& surroundings, const std::string& credentials,
                                   Log& log) {
    ProviderContext context;
    context.credentials_directory = credentials;
    context.clock = surroundings.clock;
    context.state_folder = surroundings.state_folder;
    context.random = surroundings.random ? surroundings.random : crypto::RandomFraction;
    context.warn = [&log](const std::string& source, const Error& e) {
      log.Warning("source_warning", {{"source", source}, {"reason", e.Text()}, {"hint", e.hint}});
    };
    context.said = [&log](const std::string& source, std::string_view text) {
      log.Info("source_said", {{"source", source}, {"text", std::string(text)}});
    };
    return context;
  }

  void AddSource(const SourceConfig& config) {
    Used used{nullptr, &config};
    if (before_ != nullptr) {
      const auto old = std::ranges::find_if(before_->sources, [&](const Source& source) {
        return source.config.name == config.name && source.config.kind == config.kind &&
               source.config.parameters == config.parameters && source.provider->lasting();
      });
      if (old != before_->sources.end()) used.provider = old->provider;
    }
    used.kept = used.provider != nullptr;
    if (!used.kept) used.provider = assembly_.surroundings.make_provider(config, context_);
    assembly_.sources.push_back({config, used.provider});
    sources_[config.name] = std::move(used);
  }

  /// All that is declared of a document is fetched at once, so that it is gathered before the first
  /// entry of it is made.
  Status AddToDocument(const SecretConfig& secret) {
    if (secret.source.empty()) return Ok{};
    Used& used = sources_.at(secret.source);
    if (Status right = used.provider->CheckRef(secret.ref); !right) {
      right.error().where = secret.ref_place.Text();
      return right;
    }
    if (!used.provider->terms()) return Ok{};
    Used::Document& document = used.documents[used.provider->DocumentOf(secret.ref)];
    if (std::ranges::find(document.refs, secret.ref) == document.refs.end()) {
      document.refs.push_back(secret.ref);
    }
    if (secret.deny_offline) document.denied_offline.push_back(secret.ref);
    return Ok{};
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
      if (!shared)
        shared =
            assembly_.surroundings.make_provider({"", secret.kind, {}, secret.place}, context_);
      spec.origin = secret.kind;
      spec.make = Fetching(shared, {secret.ref});
      spec.recipe = Recipe(secret.kind).Add(secret.ref).text();
      spec.files = shared->FilesOf(secret.ref);
    } else {
      const ProviderPtr& provider = sources_.at(secret.source).provider;
      spec.origin = "source " + secret.source;
      spec.inputs.push_back(Document(secret.source, provider->DocumentOf(secret.ref)));
      spec.make = Select(provider, secret.ref);
      spec.recipe = Recipe("select").Add(secret.ref).text();
      spec.fresh = provider->IsComputed(secret.ref);
      spec.lane = LaneOf(spec.inputs);
    }
    EntryPtr entry = old_.SameOrNew(std::move(spec));
    by_name_[secret.name] = {entry, 0};
    assembly_.files.push_back({std::move(entry), secret.access, secret.consumers});
  }

  /// The hidden entry of one document of a source, shared by all who use it.
  EntryPtr Document(const std::string& source, const std::string& name) {
    Used& used = sources_.at(source);
    Used::Document& document = used.documents[name];
    if (document.entry) return document.entry;
    EntrySpec spec;
    spec.name = name.empty() ? source : source + ": " + name;
    spec.origin = "source " + source;
    Recipe recipe(used.config->kind);
    recipe.Add(used.config->parameters).Add(name);
    spec.files = used.provider->FilesOf(name);
    if (auto terms = used.provider->terms()) {
      recipe.Add(document.refs).Add(document.denied_offline);
      terms->document = name;
      terms->denied_offline = document.denied_offline;
      spec.lane = source;
      spec.remote = std::move(terms);
    }
    spec.recipe = recipe.text();
    spec.make = Fetching(used.provider, {name, document.refs});
    document.entry =
        used.kept ? old_.SameOrNew(std::move(spec)) : std::make_shared<Entry>(std::move(spec));
    assembly_.documents.push_back(document.entry);
    return document.entry;
  }

  /// That of the first input that has one.
  static std::string LaneOf(const std::vector<EntryPtr>& inputs) {
    const auto slow = std::ranges::find_if(
        inputs, [](const EntryPtr& input) { return !input->spec().lane.empty(); });
    return slow == inputs.end() ? "" : (*slow)->spec().lane;
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
    spec.lane = LaneOf(spec.inputs);
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
  const Assembly* const before_;
  const OldEntries old_;
  ProviderContext context_;
  Assembly assembly_;
  std::map<std::string, Used> sources_;
  std::map<std::string, ProviderPtr> direct_;
  std::map<std::string, Named> by_name_;
  std::map<std::string, const ViewConfig*> views_;
  std::set<std::string> in_progress_;
};

}  // namespace

Result<Assembly> Assemble(const Config& config, Log& log, const Assembly* before,
                          const Surroundings& surroundings) {
  return Assembler(config, log, before, surroundings).Build();
}

}  // namespace secretfs
