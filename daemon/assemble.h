// Turns a Config into entries that know how to make their values: providers behind secrets, views
// over their inputs. A reload keeps the entries of which it says the same as before, with all that
// they know.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "core/config.h"
#include "core/entry.h"
#include "core/snapshot.h"
#include "providers/identity_store.h"

namespace secretfs {

struct Assembly {
  std::shared_ptr<IdentityStore> identities;  // the same from one reload to the next
  std::vector<IdentityConfig> identity_configs;
  age::PluginHostPtr plugins;  // null when there is no folder of plugins
  std::optional<PluginsConfig> plugins_config;
  std::vector<File> files;          // secrets, then views, in the configuration's order
  std::vector<EntryPtr> documents;  // of sources, hidden

  /// From now on these identities count, for the entries of earlier assemblies too.
  void UseIdentities() const { identities->Use(identity_configs, plugins); }
};

/// Age plugins speak to `log`, which must outlive the assembly. `before` is what is served now, or
/// null. UseIdentities() is left to the caller. Errors: kInvalid with a place, for a view that
/// names what does not exist or needs itself, or has bad parameters.
Result<Assembly> Assemble(const Config& config, Log& log, const Assembly* before = nullptr);

}  // namespace secretfs
