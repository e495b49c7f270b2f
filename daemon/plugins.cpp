#include "daemon/plugins.h"

#include <utility>

#include "providers/passphrase_file.h"
#include "providers/plugin_process.h"

namespace secretfs {

age::PluginHostPtr MakePlugins(const std::optional<PluginsConfig>& config,
                               const std::string& credentials_directory, Log& log) {
  if (!config) return nullptr;
  PluginProcessOptions options;
  options.folder = config->folder;
  options.timeout = config->timeout;
  for (const auto& [plugin, file] : config->secrets) {
    options.secrets[plugin] = AskFile(file, credentials_directory);
  }
  options.said = [&log](const std::string& plugin, std::string_view text) {
    log.Info("plugin_said", {{"plugin", plugin}, {"text", text}});
  };
  return MakePluginProcessHost(std::move(options));
}

}  // namespace secretfs
