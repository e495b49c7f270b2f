// Turns a Config into entries that know how to make their values: providers behind secrets, views
// over their inputs. A reload keeps the entries of which it says the same as before, with all that
// they know.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "core/config.h"
#include "core/entry.h"
#include "core/snapshot.h"
#include "providers/identity_store.h"
#include "providers/registry.h"

namespace secretfs {

/// A source of the configuration, which a reload keeps as long as it is declared the same.
struct Source {
  SourceConfig config;
  std::shared_ptr<Provider> provider;
};

/// What sources use, and tests replace.
struct Surroundings {
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  std::string state_folder{};        // as in ProviderContext
  std::function<double()> random{};  // as in ProviderContext; empty: the system's
  std::function<std::unique_ptr<Provider>(const SourceConfig&, const ProviderContext&)>
      make_provider = MakeProvider;
};

struct Assembly {
  Surroundings surroundings;                  // of sources that a reload adds too
  std::shared_ptr<IdentityStore> identities;  // the same from one reload to the next
  std::vector<IdentityConfig> identity_configs;
  age::PluginHostPtr plugins;  // null when there is no folder of plugins
  std::optional<PluginsConfig> plugins_config;
  std::vector<File> files;          // secrets, then views, in the configuration's order
  std::vector<EntryPtr> documents;  // of sources, hidden
  std::vector<Source> sources;      // in the configuration's order; remote ones have terms()

  /// From now on these identities count, for the entries of earlier assemblies too.
  void UseIdentities() const { identities->Use(identity_configs, plugins); }
};

/// Age plugins and helpers speak to `log`, which must outlive the assembly. `before` is what is
/// served now, or null; its surroundings count then. UseIdentities() is left to the caller. Errors:
/// kInvalid with a place, for a reference that its source cannot have, and for a view that names
/// what does not exist or needs itself, or has bad parameters.
Result<Assembly> Assemble(const Config& config, Log& log, const Assembly* before = nullptr,
                          const Surroundings& surroundings = {});

}  // namespace secretfs
