#include "daemon/assemble.h"

#include <cstdlib>
#include <map>
#include <set>

#include "base/text.h"
#include "providers/registry.h"
#include "views/view.h"

namespace secretfs {
namespace {

using ProviderPtr = std::shared_ptr<Provider>;

class Assembler {
 public:
  explicit Assembler(const Config& config) : config_(config) {
    const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
    assembly_.identities = std::make_shared<IdentityStore>(
        config.identities, credentials == nullptr ? "" : credentials);
  }

  Result<Assembly> Build() {
    for (const SourceConfig& source : config_.sources) {
      sources_[source.name] = MakeProvider(source.kind, source.parameters, {*assembly_.identities});
    }
    for (const SecretConfig& secret : config_.secrets) AddSecret(secret);
    for (const ViewConfig& view : config_.views) views_[view.name] = &view;
    for (const ViewConfig& view : config_.views) assembly_.entries.push_back(TRY(ViewEntry(view)));
    return std::move(assembly_);
  }

 private:
  /// A fetch keeps its provider and the identities alive.
  [[nodiscard]] MakeValue Fetch(ProviderPtr provider, std::string ref) const {
    return
        [identities = assembly_.identities, provider = std::move(provider), ref = std::move(ref)](
            std::span<const ValuePtr>, SteadyTime deadline, std::stop_token stop) {
          return provider->Fetch(ref, deadline, std::move(stop));
        };
  }

  void AddSecret(const SecretConfig& secret) {
    ProviderPtr provider;
    if (secret.source.empty()) {
      ProviderPtr& shared = direct_[secret.kind];
      if (!shared) shared = MakeProvider(secret.kind, {}, {*assembly_.identities});
      provider = shared;
    } else {
      provider = sources_.at(secret.source);
    }
    const std::string origin = secret.source.empty() ? secret.kind : "source " + secret.source;
    auto entry = std::make_shared<Entry>(
        EntrySpec{secret.name, origin, secret.access, {}, Fetch(std::move(provider), secret.ref)});
    by_name_[secret.name] = entry;
    assembly_.entries.push_back(std::move(entry));
  }

  /// The hidden entry of a source's whole table, shared by the views over it.
  EntryPtr TableEntry(const std::string& source) {
    EntryPtr& entry = tables_[source];
    if (!entry) {
      entry = std::make_shared<Entry>(
          EntrySpec{source, "source " + source, {}, {}, Fetch(sources_.at(source), "")});
    }
    return entry;
  }

  Result<EntryPtr> ViewEntry(const ViewConfig& config) {
    if (const auto made = by_name_.find(config.name); made != by_name_.end()) return made->second;
    if (!in_progress_.insert(config.name).second) {
      return Error{Code::kInvalid, "view " + Quote(config.name) + " needs itself",
                   config.place.Text(), ""};
    }
    const std::shared_ptr<const View> view = TRY(MakeView(config));
    std::vector<std::string> names = view->Needs();
    std::vector<EntryPtr> inputs;
    for (const std::string& name : names) inputs.push_back(TRY(Input(config, name)));
    if (!config.source.empty()) {
      names.push_back(config.source);
      inputs.push_back(TableEntry(config.source));
    }
    const auto render = [view, names](std::span<const ValuePtr> values, SteadyTime,
                                      std::stop_token) {
      std::vector<ViewInput> named;
      for (size_t i = 0; i < values.size(); ++i) named.push_back({names[i], *values[i]});
      return view->Render(named);
    };
    auto entry = std::make_shared<Entry>(
        EntrySpec{config.name, "view " + config.format, config.access, std::move(inputs), render});
    by_name_[config.name] = entry;
    return entry;
  }

  Result<EntryPtr> Input(const ViewConfig& user, const std::string& name) {
    if (const auto made = by_name_.find(name); made != by_name_.end()) return made->second;
    if (const auto view = views_.find(name); view != views_.end()) return ViewEntry(*view->second);
    std::vector<std::string> known;
    for (const SecretConfig& secret : config_.secrets) known.push_back(secret.name);
    return Error{Code::kInvalid,
                 "view " + Quote(user.name) + " needs " + Quote(name) + ", which is not declared",
                 user.place.Text(), SuggestFrom(name, known, "secrets")};
  }

  const Config& config_;
  Assembly assembly_;
  std::map<std::string, ProviderPtr> sources_;
  std::map<std::string, ProviderPtr> direct_;
  std::map<std::string, EntryPtr> tables_;
  std::map<std::string, EntryPtr> by_name_;
  std::map<std::string, const ViewConfig*> views_;
  std::set<std::string> in_progress_;
};

}  // namespace

Result<Assembly> Assemble(const Config& config) { return Assembler(config).Build(); }

}  // namespace secretfs
