// IdentityStore: the age identities of the configuration. A file that is missing or cannot be read
// is a problem to tell, never a reason to stop, and is tried again at each use; a file that changed
// is read again. What is under a passphrase is unlocked once, when it is first needed. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "core/config.h"
#include "crypto/identity_file.h"

namespace secretfs {

class IdentityStore {
 public:
  /// `credentials_directory` is where systemd put the credentials; empty when it gave none. `warn`
  /// gets each text of Warn() once, from any thread; may be empty.
  explicit IdentityStore(std::string credentials_directory,
                         std::function<void(const Error&)> warn = {})
      : credentials_directory_(std::move(credentials_directory)), warn_(std::move(warn)) {}

  /// Uses these from now on; none before the first call. Those that are in use with the same
  /// plugins, which may be null, stay as they are: what is unlocked stays unlocked.
  void Use(const std::vector<IdentityConfig>& configs, const age::PluginHostPtr& plugins);

  struct Current {
    std::vector<age::IdentityPtr> identities;  // in the configuration's order
    std::vector<Error> problems;               // of files and lines that gave none
  };
  Current Get();
  /// What is wrong with identities although another one opened the file.
  void Warn(std::span<const Error> warnings);
  /// The absolute paths of all identities and their passphrases.
  [[nodiscard]] std::vector<std::string> Files() const;

 private:
  struct Source {
    IdentityConfig config;
    age::IdentityHelp help;
    std::vector<std::string> files;
    std::optional<Error> lasting_problem;  // nothing to try again
    std::mutex mutex;  // guards what follows; held while the file is read, by whoever comes first
    std::optional<FileStamp> stamp;  // of what was parsed
    std::vector<age::IdentityPtr> identities;
    std::vector<Error> problems;
  };
  using SourcePtr = std::shared_ptr<Source>;
  SourcePtr MakeSource(const IdentityConfig& config, const age::PluginHostPtr& plugins) const;
  [[nodiscard]] std::vector<SourcePtr> Sources() const;
  static void Refresh(Source& source);

  const std::string credentials_directory_;
  const std::function<void(const Error&)> warn_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<SourcePtr> sources_;
  std::set<std::string> warned_;
};

}  // namespace secretfs
