#include "daemon/assemble.h"

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

class Assembler {
 public:
  Assembler(const Config& config, Log& log) : config_(config) {
    const char* given = std::getenv("CREDENTIALS_DIRECTORY");
    const std::string credentials = given == nullptr ? "" : given;
    assembly_.identities = std::make_shared<IdentityStore>(
        config.identities, credentials, MakePlugins(config.plugins, credentials, log),
        [&log](const Error& warning) {
          log.Warning("identity_failed", {{"reason", warning.Text()}, {"hint", warning.hint}});
        });
  }

  Result<Assembly> Build() {
    for (const SourceConfig& source : config_.sources) {
      sources_[source.name] = MakeProvider(source.kind, source.parameters, {assembly_.identities});
    }
    for (const SecretConfig& secret : config_.secrets) AddSecret(secret);
    for (const ViewConfig& view : config_.views) views_[view.name] = &view;
    for (const ViewConfig& view : config_.views) {
      const Named added = TRY(AddView(view, 1));
      assembly_.files.push_back({added.entry, view.access});
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
    EntrySpec spec{secret.name, secret.kind, {}, {}};
    if (secret.source.empty()) {
      ProviderPtr& shared = direct_[secret.kind];
      if (!shared) shared = MakeProvider(secret.kind, {}, {assembly_.identities});
      spec.make = Fetch(shared, secret.ref);
    } else {
      const ProviderPtr& provider = sources_.at(secret.source);
      spec.origin = "source " + secret.source;
      spec.inputs.push_back(Document(secret.source, provider->DocumentOf(secret.ref)));
      spec.make = Select(provider, secret.ref);
    }
    auto entry = std::make_shared<Entry>(std::move(spec));
    by_name_[secret.name] = {entry, 0};
    assembly_.files.push_back({std::move(entry), secret.access});
  }

  /// The hidden entry of one document of a source, shared by all who use it.
  EntryPtr Document(const std::string& source, const std::string& document) {
    EntryPtr& entry = documents_[{source, document}];
    if (!entry) {
      const std::string name = document.empty() ? source : source + ": " + document;
      entry = std::make_shared<Entry>(
          EntrySpec{name, "source " + source, {}, Fetch(sources_.at(source), document)});
    }
    return entry;
  }

  Result<Named> AddView(const ViewConfig& config, size_t nesting) {
    if (const auto made = by_name_.find(config.name); made != by_name_.end()) return made->second;
    if (!in_progress_.insert(config.name).second) return Wrong(config, "needs itself", "");
    const std::shared_ptr<const View> view = TRY(MakeView(config));
    EntrySpec spec{config.name, "view " + config.format, {}, {}};
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
    return by_name_[config.name] = {std::make_shared<Entry>(std::move(spec)), depth};
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
  Assembly assembly_;
  std::map<std::string, ProviderPtr> sources_;
  std::map<std::string, ProviderPtr> direct_;
  std::map<std::pair<std::string, std::string>, EntryPtr> documents_;
  std::map<std::string, Named> by_name_;
  std::map<std::string, const ViewConfig*> views_;
  std::set<std::string> in_progress_;
};

}  // namespace

Result<Assembly> Assemble(const Config& config, Log& log) { return Assembler(config, log).Build(); }

}  // namespace secretfs
