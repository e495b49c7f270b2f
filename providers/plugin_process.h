// Runs age plugins for crypto/plugin.h: programs named age-plugin-NAME of one folder, which, like
// those above it, nobody but root or ourselves may change. A plugin gets no environment but what is
// given here, and a time after which it is killed with all it started.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/passphrase.h"
#include "crypto/plugin.h"

namespace secretfs {

struct PluginProcessOptions {
  std::string folder;                                            // absolute
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of one conversation
  /// By the plugin's name: what it is given when it asks its user for a secret
  /// (the first of what the function gives).
  std::map<std::string, age::AskPassphrases> secrets;
  age::AskPassphrases other_secrets;     // for the other plugins; may be empty
  std::vector<std::string> environment;  // "NAME=value"
  /// Gets what a plugin tells its user and the lines it writes to standard
  /// error, without control characters; from any thread. May be empty.
  std::function<void(const std::string& plugin, std::string_view text)> said;
};

/// An identity whose plugin was too slow is given up on for twice that time, at most a minute.
/// The folder and its programs are looked at when a plugin is started, not
/// before.
age::PluginHostPtr MakePluginProcessHost(PluginProcessOptions options);

}  // namespace secretfs
